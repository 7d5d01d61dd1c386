// See nmz/orchestrator/kept_trees.hpp. A directory that is to go loses its mark while the base is locked, and is
// removed after that: whoever comes meanwhile need not wait, and if this program is killed it is a dead one.
#include "nmz/orchestrator/kept_trees.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "nmz/files/removal.hpp"
#include "nmz/files/unique_fd.hpp"

#include "gate.hpp"
#include "kept_mark.hpp"
#include "run_mark.hpp"

namespace nmz::orchestrator {
namespace fs = std::filesystem;
namespace {

using files::UniqueFd;
using Clock = std::chrono::system_clock;

/// A run directory of ours that is there, with its lock if that is free.
struct Found {
  Found() = default;
  KeptDirectory what;
  UniqueFd directory;
  UniqueFd lock;
};

std::optional<Found> look_at(int base, const fs::path& path) {
  Found found;
  found.what.path = path;
  found.directory = UniqueFd{files::open_here(base, path.filename().c_str())};
  if (!found.directory) return std::nullopt;
  found.lock = UniqueFd{::openat(found.directory.get(), lock_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
  if (!found.lock || !is_ours(found.directory.get(), path, found.lock.get())) return std::nullopt;
  found.what.in_use = ::flock(found.lock.get(), LOCK_EX | LOCK_NB) != 0;
  if (found.what.in_use) {
    found.what.trees.title = read_title(found.directory.get());
    return found;
  }
  std::optional<KeptTrees> trees = read_kept(found.directory.get());
  struct stat status {};
  if (!trees || ::fstatat(found.directory.get(), kept_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  found.what.trees = std::move(*trees);
  found.what.last_used = Clock::time_point{std::chrono::duration_cast<Clock::duration>(
      std::chrono::seconds{status.st_mtim.tv_sec} + std::chrono::nanoseconds{status.st_mtim.tv_nsec})};
  return found;
}

/// The base, open and locked against everybody who makes, takes or removes a directory there.
struct LockedBase {
  explicit LockedBase(const fs::path& path) : base{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)} {
    if (base) gate = Gate::enter(base.get(), path);
  }
  UniqueFd base;
  Gate gate;
};

std::vector<Found> look_in(int base, const fs::path& path) {
  std::vector<Found> all;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{path, error}) {
    if (!entry.path().filename().string().starts_with("run-")) continue;
    if (auto found = look_at(base, entry.path())) all.push_back(std::move(*found));
  }
  const auto later = [](const Found& one, const Found& other) {
    return std::pair{one.what.in_use, one.what.last_used} > std::pair{other.what.in_use, other.what.last_used};
  };
  std::ranges::sort(all, later);
  return all;
}

}  // namespace

std::uint64_t bytes_allowed(const fs::path& base, const KeptLimits& limits) {
  struct statvfs status {};
  if (::statvfs(base.c_str(), &status) != 0) return 0;
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  return std::min(limits.bytes, free / std::max(limits.share_of_free, 1U));
}

std::vector<KeptDirectory> kept_directories(const fs::path& base) {
  std::error_code error;
  const fs::path real = fs::canonical(base, error);
  if (error) return {};
  const LockedBase locked{real};
  std::vector<KeptDirectory> result;
  for (Found& one : look_in(locked.base.get(), real)) result.push_back(std::move(one.what));
  return result;
}

PrunedTrees prune_kept(const fs::path& base, const KeptLimits& limits, const files::Progress& progress) {
  std::error_code error;
  const fs::path real = fs::canonical(base, error);
  PrunedTrees pruned;
  if (error) return pruned;
  std::vector<Found> going;
  LockedBase locked{real};
  const std::uint64_t most = bytes_allowed(real, limits);
  std::uint64_t bytes = 0;
  std::size_t kept = 0;
  for (Found& one : look_in(locked.base.get(), real)) {
    if (one.what.in_use) continue;
    const bool fits = kept < limits.directories && bytes + one.what.trees.bytes <= most;
    if (fits) {
      ++kept;
      bytes += one.what.trees.bytes;
    } else if (drop_kept(one.directory.get())) {
      going.push_back(std::move(one));
    }
  }
  locked.gate.leave();
  for (const Found& one : going) {
    std::vector<std::string> left = remove_directory(locked.base.get(), one.directory.get(), one.what.path, progress);
    pruned.directories += left.empty() ? 1U : 0U;
    for (std::string& line : left) pruned.left.push_back(std::move(line));
  }
  return pruned;
}

}  // namespace nmz::orchestrator
