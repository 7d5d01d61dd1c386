// A search that was begun with git's own commands: the session of `git bisect start` in this work tree, or a log of
// one.
//
// What git keeps of a session is read as git reads it (BISECT_START, BISECT_TERMS, BISECT_NAMES and the refs below
// refs/bisect/ of the work tree), and what was found is written as `git bisect run` would have written it, so that `git
// bisect log`, `visualize` and `reset` go on from there. The checkout and HEAD are left alone.
//
// Source: builtin/bisect.c and git-bisect(1) of git 2.39 to 2.53.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/bisect_log.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/repository.hpp"

namespace nmz::git {

struct BisectSession {
  BisectSession() = default;
  std::string term_old = "good";
  std::string term_new = "bad";
  std::optional<CommitId> bad;
  std::vector<CommitId> goods;
  std::vector<CommitId> skipped;
  std::vector<std::string> pathspecs;  ///< from the top of the work tree
  bool first_parent = false;
};

/// Nothing when there is none.
[[nodiscard]] Result<std::optional<BisectSession>> bisect_session(const Repository& repository);

/// What `git bisect log` has printed, of this git or an older one. Revisions are looked up in the repository.
/// Errors (misconfigured): a line that is no command of a session, an unknown revision; names the line.
[[nodiscard]] Result<BisectSession> replayed_session(const Repository& repository, std::string_view log);

/// How a search has ended, for git: `verdicts` are what the session does not know yet, the bad ones so that the last is
/// the deepest.
struct SessionEnd {
  SessionEnd() = default;
  std::vector<BisectLogEntry> verdicts;
  std::optional<BisectLogEntry> culprit;
  std::vector<BisectLogEntry> possible;  ///< where only skipped commits are left
};

/// Adds it to the session. Errors (retryable): the session is not what it was any more, nothing was written.
[[nodiscard]] Result<void> record(const Repository& repository, const BisectSession& session, const SessionEnd& end);

}  // namespace nmz::git
