// A search that was begun with git's own commands and is ended by ours: in a `git bisect` session, where the command
// line names no ends, or from a log of one (--replay).
#pragma once

#include <optional>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/git/bisect_session.hpp"
#include "nmz/git/repository.hpp"

#include "options.hpp"
#include "prepared_search.hpp"
#include "reporter.hpp"

namespace nmz::nmzbisect {

struct Takeover {
  Takeover() = default;
  std::optional<git::BisectSession> session;  ///< of git's, which is told what is found
  std::string line;                           ///< for the user; empty when nothing was taken over
};

/// Completes the options. Errors (misconfigured): there are no ends, neither given nor begun with.
[[nodiscard]] Result<Takeover> take_over(const git::Repository& repository, Options& options);

/// Tells git's session what was found, and the user that it was.
void give_back(const Search& search, const Takeover& takeover, Reporter& reporter);

}  // namespace nmz::nmzbisect
