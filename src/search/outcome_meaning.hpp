// What an execution says about a commit: the contract of `git bisect run`, and what lies outside it.
#pragma once

#include <cstdint>

#include "nmz/job/outcome.hpp"
#include "nmz/search/bisect_plan.hpp"

namespace nmz::search {

enum class Meaning : std::uint8_t {
  passed,
  failed,
  failed_unexecuted,  ///< 126 or 127: failed, unless the command cannot be executed anywhere
  skip,
  abort,
  command_failed,
  nothing,  ///< cancelled
};

/// `matching`: failures are told by their output (Outcome::matched). Then also a crash that matches is one.
[[nodiscard]] Meaning meaning_of(const job::Outcome& outcome, TimeoutMeans timeout_means, bool matching);

/// A shell's "cannot execute" and "not found"; programs may end so for reasons of their own.
[[nodiscard]] bool looks_unexecuted(const job::Outcome& outcome);

}  // namespace nmz::search
