// See disk_space.hpp.
#include "disk_space.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

constexpr std::size_t little = std::size_t{64} << 10;

UniqueFd open_place(const std::string& directory) {
  return UniqueFd{directory.empty() ? -1 : ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

std::vector<UniqueFd> open_all(const std::vector<std::string>& directories) {
  std::vector<UniqueFd> opened;
  opened.reserve(directories.size());
  for (const std::string& one : directories) {
    opened.push_back(open_place(one));
  }
  return opened;
}

bool write_is_refused(int directory) {
  rlimit longest{};
  if (::getrlimit(RLIMIT_FSIZE, &longest) == 0 && longest.rlim_cur < little) {
    return false;  // it would be cut short whatever the disk has
  }
  const UniqueFd probe{::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)};
  if (!probe) {
    return errno == ENOSPC || errno == EDQUOT;  // anything else: such files do not exist here, nothing is learned
  }
  const std::vector<char> bytes(little, 'x');
  const ssize_t put = ::write(probe.get(), bytes.data(), bytes.size());
  return put < 0 ? errno == ENOSPC || errno == EDQUOT : static_cast<std::size_t>(put) < bytes.size();
}

/// What a file system has, in bytes and inodes, and how much of it is free for us.
struct Space {
  std::uint64_t bytes = 0;
  std::uint64_t free_bytes = 0;
  std::uint64_t inodes = 0;  ///< 0: not counted (btrfs)
  std::uint64_t free_inodes = 0;
};

/// Nothing where nothing can be learned.
std::optional<Space> space_of(int directory) {
  struct statvfs status {};
  if (directory < 0 || ::fstatvfs(directory, &status) != 0 || (status.f_flag & ST_RDONLY) != 0 ||
      status.f_blocks == 0) {
    return std::nullopt;
  }
  const bool root = ::geteuid() == 0;  // blocks kept for root are space only for root
  return Space{status.f_blocks * status.f_frsize, (root ? status.f_bfree : status.f_bavail) * status.f_frsize,
               status.f_files, root ? status.f_ffree : status.f_favail};
}

bool is_full(const Space& space) {
  constexpr std::uint64_t most_bytes = std::uint64_t{16} << 20;
  constexpr std::uint64_t most_inodes = 16;
  constexpr std::uint64_t part = 8;
  return space.free_bytes < std::min(most_bytes, space.bytes / part) ||
         (space.inodes > 0 && space.free_inodes < std::min(most_inodes, space.inodes / part));
}

/// So little that a test can take all of it between two looks.
bool is_low(const Space& space) {
  constexpr std::uint64_t bytes = std::uint64_t{1} << 30;
  constexpr std::uint64_t inodes = 10'000;
  return space.free_bytes < bytes || (space.inodes > 0 && space.free_inodes < inodes);
}

/// Not merely small, as the shared memory of a container is.
bool is_mostly_used(const Space& space) {
  return space.free_bytes < space.bytes / 2 || space.free_inodes < space.inodes / 2;
}

}  // namespace

DiskWatch::DiskWatch(const std::vector<std::string>& directories, const std::vector<std::string>& elsewhere)
    : directories_{open_all(directories)}, elsewhere_{open_all(elsewhere)} {}

bool DiskWatch::refuses() const {
  return std::ranges::any_of(directories_, [](const UniqueFd& directory) { return disk_is_full(directory.get()); });
}

void DiskWatch::look(Clock::time_point now) {
  constexpr std::chrono::milliseconds at_least{1};
  constexpr std::chrono::milliseconds closely{4};
  constexpr std::chrono::milliseconds usually{50};
  if (now - last_look_ < at_least) {
    return;
  }
  last_look_ = now;
  bool low = false;
  most_free_.resize(directories_.size());
  for (std::size_t i = 0; i < directories_.size(); ++i) {
    if (const auto space = space_of(directories_[i].get())) {
      was_full_ = was_full_ || is_full(*space);
      low = low || is_low(*space);
      most_free_[i] = std::max(most_free_[i], space->free_bytes);
      was_tight_ = was_tight_ || most_free_[i] - space->free_bytes >= space->free_bytes;
    }
  }
  for (const UniqueFd& directory : elsewhere_) {
    const auto space = space_of(directory.get());
    low = low || (space && is_low(*space) && is_mostly_used(*space));
  }
  was_low_ = was_low_ || low;
  next_look_ = now + (low ? closely : usually);
}

bool disk_is_full(int directory) {
  const auto space = space_of(directory);
  return space &&
         (space->free_bytes < little || (space->inodes > 0 && space->free_inodes == 0) || write_is_refused(directory));
}

}  // namespace nmz::agent
