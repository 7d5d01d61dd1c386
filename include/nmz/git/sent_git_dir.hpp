// The git directory that goes with a tree to a worker elsewhere (--git): a shallow repository of the commit under test.
//
// A worker on this machine borrows the user's objects; in a container nothing of them is there, and a clone of all
// would be far too much. So what is sent is what a shallow clone has: the files of the commit as objects, and of the
// history the commits alone (without the files of the others), which is little: enough for `git describe`, `log`,
// `rev-list --count` and `merge-base` to answer what they answer here. It is cut where it is very long, with git's own
// means ("shallow"). Most of it is the same for all commits and goes over once; a commit adds HEAD, an index and a pack
// of the objects in which it differs from the bad end.
//
// The user's configuration stays here (it may hold passwords), but for what changes git's answers about files.
// Submodules that are present have theirs in .git/modules, as `git submodule update` leaves them.
#pragma once

#include <memory>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/tree_stream.hpp"

namespace nmz::git {

class SentGitDir {
 public:
  /// `tips`: what is in the history; the first is what the others are compared with. `subjects`: the commits that may
  /// be asked for.
  [[nodiscard]] static Result<std::shared_ptr<const SentGitDir>> create(std::vector<CommitId> tips,
                                                                        std::vector<CommitId> subjects);
  ~SentGitDir();
  SentGitDir(const SentGitDir&) = delete;
  SentGitDir& operator=(const SentGitDir&) = delete;
  SentGitDir(SentGitDir&&) = delete;
  SentGitDir& operator=(SentGitDir&&) = delete;

  /// All files of the git directory at this commit. What has the same path and place (TodaysFile::below) at two
  /// commits is the same file. From any thread, with a reader of its own.
  [[nodiscard]] Result<std::vector<TodaysFile>> files(ObjectReader& reader, const CommitId& commit) const;

 private:
  struct Impl;
  explicit SentGitDir(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::git
