#include "outcome_meaning.hpp"

#include <csignal>

namespace nmz::search {
namespace {

using wire::OutcomeKind;

/// 128 and above, or a signal: the command's way to end the search, unless the output says that it is the failure that
/// is looked for.
Meaning meaning_of_crash(const wire::Outcome& outcome, bool matching) {
  const bool killed = outcome.kind == OutcomeKind::signaled && outcome.code == SIGKILL;  // from outside
  return matching && outcome.matched && !killed ? Meaning::failed : Meaning::abort;
}

Meaning meaning_of_exit(const wire::Outcome& outcome, bool matching) {
  if (outcome.code == 0) return Meaning::passed;
  // Whatever failed, failed for want of space: elsewhere it might pass.
  if (outcome.disk_full || outcome.code == 125) return Meaning::skip;
  if (outcome.code < 0 || outcome.code >= 128) return meaning_of_crash(outcome, matching);
  if (!outcome.matched) return Meaning::skip;
  return looks_unexecuted(outcome) ? Meaning::failed_unexecuted : Meaning::failed;
}

}  // namespace

bool looks_unexecuted(const wire::Outcome& outcome) {
  return outcome.kind == OutcomeKind::exited && (outcome.code == 126 || outcome.code == 127);
}

Meaning meaning_of(const wire::Outcome& outcome, TimeoutMeans timeout_means, bool matching) {
  switch (outcome.kind) {
    case OutcomeKind::exited:
      return meaning_of_exit(outcome, matching);
    case OutcomeKind::signaled:
      return outcome.disk_full ? Meaning::skip : meaning_of_crash(outcome, matching);
    case OutcomeKind::timed_out:
      if (outcome.disk_full) return Meaning::skip;
      return timeout_means == TimeoutMeans::bad && outcome.matched ? Meaning::failed : Meaning::skip;
    case OutcomeKind::not_started:
      return Meaning::command_failed;
    case OutcomeKind::cancelled:
      return Meaning::nothing;
    case OutcomeKind::build_failed:
    case OutcomeKind::untestable:
    case OutcomeKind::unprepared:
    case OutcomeKind::lost:
      break;
  }
  return Meaning::skip;
}

}  // namespace nmz::search
