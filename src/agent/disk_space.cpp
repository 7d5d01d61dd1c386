// See disk_space.hpp.
#include "disk_space.hpp"

#include <cerrno>
#include <vector>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

constexpr std::size_t little = std::size_t{64} << 10;

bool write_is_refused(const std::string& directory) {
  const UniqueFd probe{::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)};
  if (!probe) {
    return errno == ENOSPC || errno == EDQUOT;  // anything else: such files do not exist here, nothing is learned
  }
  const std::vector<char> bytes(little, 'x');
  const ssize_t put = ::write(probe.get(), bytes.data(), bytes.size());
  return put < 0 ? errno == ENOSPC || errno == EDQUOT : static_cast<std::size_t>(put) < bytes.size();
}

}  // namespace

bool disk_is_full(const std::string& directory) {
  struct statvfs status {};
  if (directory.empty() || ::statvfs(directory.c_str(), &status) != 0 || (status.f_flag & ST_RDONLY) != 0) {
    return false;
  }
  // Blocks kept for root are space only for root.
  const auto blocks = ::geteuid() == 0 ? status.f_bfree : status.f_bavail;
  const auto inodes = ::geteuid() == 0 ? status.f_ffree : status.f_favail;
  const bool counts_inodes = status.f_files > 0;  // btrfs says 0 for everything
  return (status.f_blocks > 0 && blocks * status.f_frsize < little) || (counts_inodes && inodes == 0) ||
         write_is_refused(directory);
}

}  // namespace nmz::agent
