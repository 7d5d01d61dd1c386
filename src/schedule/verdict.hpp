// What an outcome says about a workload.
#pragma once

#include <csignal>
#include <cstdint>

#include "nmz/wire/messages.hpp"

namespace nmz::schedule {

/// nothing: it is about the infrastructure; comes when the dispatcher has tried often enough.
enum class Verdict : std::uint8_t { passed, failed, nothing };

[[nodiscard]] inline Verdict verdict(const wire::Outcome& outcome) {
  if (outcome.kind == wire::OutcomeKind::exited && outcome.code == 0) return Verdict::passed;
  if (outcome.disk_full) return Verdict::nothing;
  switch (outcome.kind) {
    case wire::OutcomeKind::unprepared:
    case wire::OutcomeKind::cancelled:
    case wire::OutcomeKind::lost:
      return Verdict::nothing;
    case wire::OutcomeKind::signaled:
      return outcome.code == SIGKILL ? Verdict::nothing : Verdict::failed;
    default:
      return Verdict::failed;
  }
}

}  // namespace nmz::schedule
