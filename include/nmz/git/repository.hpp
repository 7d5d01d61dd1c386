// The user's repository, which is only ever read.
//
// Revisions, ranges, pathspecs and merge bases are asked of the installed git itself (rev-parse, rev-list,
// merge-base): it alone knows every revision syntax, pathspec magic, history simplification, replace refs, grafts and
// the commit-graph file, and "the same answers as git" is then true by construction. What has to be fast thousands of
// times (trees, blobs, filters) goes through libgit2 in process, see tree_stream.hpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"

namespace nmz::git {

class Repository {
 public:
  /// The repository that contains `directory` (as git finds it, GIT_DIR and friends included).
  /// One clear line for: no such directory, no repository, another owner (safe.directory), SHA-256 objects,
  /// git itself missing, an unreadable or unknown format.
  [[nodiscard]] static Result<Repository> open(const std::filesystem::path& directory);

  [[nodiscard]] const std::filesystem::path& git_dir() const { return git_dir_; }        ///< absolute; per work tree
  [[nodiscard]] const std::filesystem::path& common_dir() const { return common_dir_; }  ///< absolute; shared
  /// Absolute, empty for a bare repository.
  [[nodiscard]] const std::filesystem::path& work_tree() const { return work_tree_; }
  /// What the user would call the repository: the top of the work tree, or its directory where it has none.
  [[nodiscard]] const std::filesystem::path& top() const { return work_tree().empty() ? common_dir() : work_tree(); }
  /// Where `directory` is below the top of the work tree: "" or "a/b" (bytes, no trailing slash).
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] bool shallow() const { return shallow_; }
  [[nodiscard]] const std::filesystem::path& start_directory() const { return start_directory_; }

  /// Any revision syntax git knows, peeled to a commit.
  [[nodiscard]] Result<CommitId> commit(const std::string& revision) const;

  /// As git sees them, with replacements, grafts and the end of a shallow history.
  [[nodiscard]] Result<std::vector<CommitId>> parents(const CommitId& id) const;

  /// What git prints below "<id> is the first bad commit": the commit with its stat and summary.
  [[nodiscard]] Result<std::string> closing(const CommitId& id) const;

  /// What the commit changes, as a diff; of a very long one the first 256 KiB of lines, and a line that says so.
  [[nodiscard]] Result<std::string> patch(const CommitId& id) const;

  /// Whether a path (relative to start_directory, as the user typed it) is tracked: in the index of the user's work
  /// tree or in the commit.
  [[nodiscard]] bool tracks(const std::string& path, const CommitId& at) const;

 private:
  Repository() = default;
  std::filesystem::path git_dir_;
  std::filesystem::path common_dir_;
  std::filesystem::path work_tree_;
  std::filesystem::path start_directory_;
  std::string prefix_;
  bool shallow_ = false;
};

}  // namespace nmz::git
