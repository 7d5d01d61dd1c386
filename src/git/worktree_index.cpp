// See worktree_index.hpp.
#include "worktree_index.hpp"

#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace nmz::git {

namespace {

std::uint32_t mode_of(const TreeStream::Change& change) {
  if (change.submodule) {
    return GIT_FILEMODE_COMMIT;
  }
  switch (change.mode) {
    case wire::FileMode::executable:
      return GIT_FILEMODE_BLOB_EXECUTABLE;
    case wire::FileMode::symlink:
      return GIT_FILEMODE_LINK;
    case wire::FileMode::regular:
      break;
  }
  return GIT_FILEMODE_BLOB;
}

git_index_time to_index_time(const timespec& time) {
  return {static_cast<std::int32_t>(time.tv_sec), static_cast<std::uint32_t>(time.tv_nsec)};
}

void set_state(git_index_entry& entry, const std::filesystem::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) == 0) {
    entry.ctime = to_index_time(status.st_ctim);
    entry.mtime = to_index_time(status.st_mtim);
    // The format has 32 bits for each of these.
    entry.dev = static_cast<std::uint32_t>(status.st_dev);
    entry.ino = static_cast<std::uint32_t>(status.st_ino);
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    entry.file_size = static_cast<std::uint32_t>(status.st_size);
  }
}

git_index_entry entry_of(const TreeStream::Change& change, const std::filesystem::path& tree) {
  git_index_entry entry{};
  entry.path = change.path.c_str();
  entry.mode = mode_of(change);
  entry.id = to_oid(change.blob);
  set_state(entry, tree / change.path);
  return entry;
}

/// Adds a tree object's entries to an index; `directory` is "" or "a/b/".
Result<void> add_tree(git_index* index, ObjectSource& source, const git_tree* tree, const std::string& directory,
                      const std::filesystem::path& work_tree) {
  for (std::size_t i = 0, count = git_tree_entrycount(tree); i < count; ++i) {
    const git_tree_entry* found = git_tree_entry_byindex(tree, i);
    const std::string path = directory + git_tree_entry_name(found);
    if (git_tree_entry_type(found) == GIT_OBJECT_TREE) {
      const Result<TreeHandle> below = source.tree(*git_tree_entry_id(found));
      Result<void> added = below ? add_tree(index, source, below->get(), path + '/', work_tree)
                                 : Result<void>{tl::unexpected{below.error()}};
      if (!added) {
        return added;
      }
      continue;
    }
    git_index_entry entry{};
    entry.path = path.c_str();
    entry.mode = static_cast<std::uint32_t>(git_tree_entry_filemode(found));
    entry.id = *git_tree_entry_id(found);
    set_state(entry, work_tree / path);
    if (git_index_add(index, &entry) != 0) {
      return fail(ErrorKind::rejected, fmt::format("{} cannot be in an index: {}", path, libgit2_error()));
    }
  }
  return {};
}

}  // namespace

Result<WorktreeIndex> WorktreeIndex::create(const std::filesystem::path& file, std::string called) {
  start_libgit2();
  git_index* index = nullptr;
  if (git_index_open(&index, file.c_str()) != 0) {
    return fail(ErrorKind::retryable, fmt::format("cannot make {}: {}", called, libgit2_error()));
  }
  return WorktreeIndex{IndexHandle{index}, std::move(called)};
}

void WorktreeIndex::clear() { git_index_clear(index_.get()); }

Result<void> WorktreeIndex::apply(std::span<const TreeStream::Change> changes, const std::filesystem::path& tree) {
  for (const TreeStream::Change& change : changes) {
    if (change.removed) {
      git_index_remove(index_.get(), change.path.c_str(), 0);
      continue;
    }
    const git_index_entry entry = entry_of(change, tree);
    if (git_index_add(index_.get(), &entry) != 0) {
      return fail(ErrorKind::rejected, fmt::format("{} cannot be in an index: {}", change.path, libgit2_error()));
    }
  }
  return {};
}

/// With a size of 0 it does (ie_modified in git's read-cache.c).
Result<void> WorktreeIndex::doubt(std::span<const std::string> paths) {
  for (const std::string& path : paths) {
    const git_index_entry* known = git_index_get_bypath(index_.get(), path.c_str(), 0);
    if (known == nullptr) {
      continue;
    }
    git_index_entry entry{};
    entry.path = path.c_str();
    entry.mode = known->mode;
    entry.id = known->id;
    if (git_index_add(index_.get(), &entry) != 0) {
      return fail(ErrorKind::rejected, fmt::format("{} cannot be in an index: {}", path, libgit2_error()));
    }
  }
  return {};
}

Result<void> WorktreeIndex::fill(ObjectSource& source, const CommitId& commit, const std::filesystem::path& tree) {
  clear();
  return source.tree_of_commit(commit).and_then(
      [&](const TreeHandle& root) { return add_tree(index_.get(), source, root.get(), "", tree); });
}

std::map<std::string, CommitId> WorktreeIndex::submodules() const {
  std::map<std::string, CommitId> result;
  for (std::size_t i = 0, count = git_index_entrycount(index_.get()); i < count; ++i) {
    const git_index_entry* entry = git_index_get_byindex(index_.get(), i);
    if (entry->mode == GIT_FILEMODE_COMMIT) {
      result.emplace(entry->path, to_id(entry->id));
    }
  }
  return result;
}

std::optional<git_oid> WorktreeIndex::blob_at(const char* path) const {
  const git_index_entry* entry = git_index_get_bypath(index_.get(), path, 0);
  const bool is_file =
      entry != nullptr && (entry->mode == GIT_FILEMODE_BLOB || entry->mode == GIT_FILEMODE_BLOB_EXECUTABLE);
  return is_file ? std::optional{entry->id} : std::nullopt;
}

Result<void> WorktreeIndex::write() {
  if (git_index_write(index_.get()) != 0) {
    return fail(ErrorKind::retryable, fmt::format("cannot write {}: {}", called_, libgit2_error()));
  }
  return {};
}

}  // namespace nmz::git
