// What makes git work inside a local worker's tree.
//
// The tree gets a git directory of its own outside of the user's repository: objects through an alternate, a copy of
// the refs, the user's configuration by inclusion, HEAD detached at the commit under test and an index that matches
// the files. Compared with `git worktree add` nothing is registered in the user's repository (so nothing can be left
// registered there), and a test that commits, tags, stashes or fetches changes only the copy.
#pragma once

#include <filesystem>
#include <memory>

#include "nmz/error/result.hpp"
#include "nmz/files/unique_fd.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"

namespace nmz::git {

class PrivateGitDir {
 public:
  /// Creates `git_dir` and the `.git` file in `tree` (both absolute, in one directory; `tree` exists and is empty).
  /// `template_dir`: a git directory made before by this function for the same run, whose refs are linked rather
  /// than written again; empty for the first. `place`: the directory that holds both, open since before any test ran;
  /// by its name when there is none.
  [[nodiscard]] static Result<PrivateGitDir> create(const Repository& repository, const std::filesystem::path& git_dir,
                                                    const std::filesystem::path& tree,
                                                    const std::filesystem::path& template_dir,
                                                    files::UniqueFd place = {});
  PrivateGitDir(PrivateGitDir&&) noexcept;
  PrivateGitDir& operator=(PrivateGitDir&&) noexcept;
  ~PrivateGitDir();

  /// After the agent has laid out the stream: HEAD and index answer for `commit`. Also repairs what a test may have
  /// changed in the git directory's HEAD, refs, index or in the `.git` file. `full`: the index is made anew from the
  /// stream's changes (the first checkout, or after the worker was started again).
  [[nodiscard]] Result<void> update(ObjectReader& reader, const CommitId& commit, const TreeStream& stream, bool full);

 private:
  struct Impl;
  explicit PrivateGitDir(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::git
