// The index of a private git directory: which files the tree has, with what `lstat` says about them.
//
// As long as these agree with the files, `git status` in the tree reads no content. The entries are kept in memory
// between tests, so an update costs what has changed plus writing the file; the copy on disk is only ever written,
// because a test may have done anything to it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/git/tree_stream.hpp"

#include "libgit2.hpp"
#include "object_source.hpp"

namespace nmz::git {

class WorktreeIndex {
 public:
  /// `called`: what messages call it.
  [[nodiscard]] static Result<WorktreeIndex> create(const std::filesystem::path& file, std::string called);

  void clear();
  /// Takes the changes over, looking at the files as they are in `tree` now.
  [[nodiscard]] Result<void> apply(std::span<const TreeStream::Change> changes, const std::filesystem::path& tree);
  /// The files of a whole commit, as they are in `tree` now.
  [[nodiscard]] Result<void> fill(ObjectSource& source, const CommitId& commit, const std::filesystem::path& tree);
  /// Whatever `lstat` says of these files, git has to look into them.
  [[nodiscard]] Result<void> doubt(std::span<const std::string> paths);
  [[nodiscard]] std::map<std::string, CommitId> submodules() const;
  /// The content of a regular file.
  [[nodiscard]] std::optional<git_oid> blob_at(const char* path) const;
  /// A lock that a killed git has left must have been removed.
  [[nodiscard]] Result<void> write();

 private:
  WorktreeIndex(IndexHandle index, std::string called) : index_{std::move(index)}, called_{std::move(called)} {}
  IndexHandle index_;
  std::string called_;
};

}  // namespace nmz::git
