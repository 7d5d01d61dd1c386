// libgit2's handles as owners, and its last error as text.
#pragma once

#include <memory>
#include <string>

#include <git2.h>

#include "nmz/git/commit_id.hpp"

namespace nmz::git {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* handle) const noexcept {
    free(handle);
  }
};

using OdbHandle = std::unique_ptr<git_odb, Freed<git_odb_free>>;
/// Of several threads. (libgit2 counts as well, but where a sanitizer does not see it.)
using SharedBlob = std::shared_ptr<git_odb_object>;
using RepositoryHandle = std::unique_ptr<git_repository, Freed<git_repository_free>>;
using CommitHandle = std::unique_ptr<git_commit, Freed<git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, Freed<git_tree_free>>;
using IndexHandle = std::unique_ptr<git_index, Freed<git_index_free>>;

/// Starts the library once for the process. Every path of ours to a handle goes through it.
void start_libgit2();

/// Of the last call of this thread that failed.
[[nodiscard]] std::string libgit2_error();

[[nodiscard]] git_oid to_oid(const CommitId& id);
[[nodiscard]] CommitId to_id(const git_oid& oid);

}  // namespace nmz::git
