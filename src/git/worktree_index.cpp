// See worktree_index.hpp.
#include "worktree_index.hpp"

#include <cstdint>
#include <string>

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

git_index_entry entry_of(const TreeStream::Change& change, const std::filesystem::path& tree) {
  git_index_entry entry{};
  entry.path = change.path.c_str();
  entry.mode = mode_of(change);
  entry.id = to_oid(change.blob);
  struct stat status {};
  if (::lstat((tree / change.path).c_str(), &status) == 0) {
    entry.ctime = to_index_time(status.st_ctim);
    entry.mtime = to_index_time(status.st_mtim);
    // The format has 32 bits for each of these.
    entry.dev = static_cast<std::uint32_t>(status.st_dev);
    entry.ino = static_cast<std::uint32_t>(status.st_ino);
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    entry.file_size = static_cast<std::uint32_t>(status.st_size);
  }
  return entry;
}

}  // namespace

Result<WorktreeIndex> WorktreeIndex::create(const std::filesystem::path& file) {
  start_libgit2();
  git_index* index = nullptr;
  if (git_index_open(&index, file.c_str()) != 0) {
    return fail(ErrorKind::retryable, fmt::format("cannot make {}: {}", file.string(), libgit2_error()));
  }
  return WorktreeIndex{IndexHandle{index}};
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

Result<void> WorktreeIndex::write() {
  if (git_index_write(index_.get()) != 0) {
    return fail(ErrorKind::retryable,
                fmt::format("cannot write {}: {}", git_index_path(index_.get()), libgit2_error()));
  }
  return {};
}

}  // namespace nmz::git
