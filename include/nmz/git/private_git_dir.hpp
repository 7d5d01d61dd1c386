// What makes git work inside a local worker's tree, as in the user's checkout.
//
// The tree gets a git directory of its own: `.git` where that is a directory in the user's checkout, and elsewhere with
// a `.git` file where it is a file there. Objects are borrowed, refs, configuration and hooks are copies
// (git_dir_template.hpp), HEAD is detached at the commit under test, and the index matches the files. Submodules that
// are laid out have theirs in modules/NAME, as `git submodule update` leaves them, so that it finds nothing to do.
// Compared with `git worktree add` nothing is registered in the user's repository (so nothing can be left registered
// there), and a test that commits, tags, stashes or fetches changes only the copy.
#pragma once

#include <filesystem>
#include <memory>

#include "nmz/error/result.hpp"
#include "nmz/files/unique_fd.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/git_dir_template.hpp"
#include "nmz/git/tree_stream.hpp"

namespace nmz::git {

class PrivateGitDir {
 public:
  /// Of the work tree `tree` (absolute, exists, empty). `from` must outlive it. `place`: the directory that the tree is
  /// in, open since before any test ran; by its name when there is none.
  [[nodiscard]] static Result<PrivateGitDir> create(const GitDirTemplate& from, ObjectReader& reader,
                                                    const std::filesystem::path& tree, files::UniqueFd place = {});
  PrivateGitDir(PrivateGitDir&&) noexcept;
  PrivateGitDir& operator=(PrivateGitDir&&) noexcept;
  ~PrivateGitDir();

  /// After the agent has laid out the stream: HEAD and index answer for `commit`, in the submodules too. Also puts
  /// right what a test may have changed. `full`: the index is made anew from the stream's changes (the first checkout,
  /// or after the worker was started again). The first one may begin with the tree of an earlier search.
  [[nodiscard]] Result<void> update(ObjectReader& reader, const CommitId& commit, const TreeStream& stream, bool full);

 private:
  struct Impl;
  explicit PrivateGitDir(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::git
