// See run_mark.hpp.
#include "run_mark.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "nmz/files/identity.hpp"
#include "nmz/interruption/lock_wait.hpp"

namespace nmz::orchestrator {
namespace fs = std::filesystem;
namespace {

using files::UniqueFd;

/// What is in the lock file of a directory that we have made. Empty when that cannot be said. Not the device: its
/// number may be another one after the machine was started again.
std::string mark_of(int directory, const fs::path& path) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return {};
  return "A run directory of Namazu Swarm, removed when its run has ended.\nname " + path.filename().string() +
         "\ninode " + std::to_string(status.st_ino) + "\nuser " + std::to_string(::getuid()) + '\n';
}

std::string line(const fs::path& path, const std::string& why) {
  return "cannot remove '" + path.string() + "': " + why;
}

}  // namespace

std::string reason(int error) { return std::error_code{error, std::generic_category()}.message(); }

UniqueFd open_locked(int directory, const fs::path& path, int how) {
  constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  UniqueFd file{::openat(directory, lock_name, flags, S_IRUSR | S_IWUSR)};
  if (!file) return file;
  if (const int error = interruption::lock_file(file.get(), how, (path / lock_name).string()); error != 0) {
    file.reset();
    errno = error;
  }
  return file;
}

int write_mark(int directory, const fs::path& path, int lock) {
  const std::string mark = mark_of(directory, path);
  const ssize_t written = ::pwrite(lock, mark.data(), mark.size(), 0);
  if (written < 0) return errno;
  return !mark.empty() && static_cast<std::size_t>(written) == mark.size() ? 0 : EIO;
}

bool is_ours(int directory, const fs::path& path, int lock) {
  struct stat status {};
  const std::string mark = mark_of(directory, path);
  std::array<char, 512> buffer{};
  const ssize_t got = ::pread(lock, buffer.data(), buffer.size(), 0);
  return ::fstat(lock, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && !mark.empty() &&
         got >= 0 && std::string_view{buffer.data(), static_cast<std::size_t>(got)} == mark;
}

std::vector<std::string> lines(const fs::path& path, const files::Leftovers& left) {
  std::vector<std::string> result;
  for (const files::Leftover& one : left.first) {
    result.push_back(line(path / one.path, one.mounted ? "something is mounted there" : reason(one.error)));
  }
  if (left.count > left.first.size()) {
    result.push_back(line(path, std::to_string(left.count - left.first.size()) + " more are left in it"));
  }
  return result;
}

std::vector<std::string> remove_directory(int base, int directory, const fs::path& path,
                                          const files::Progress& progress) {
  constexpr int tries = 3;
  files::Leftovers left;
  for (int i = 0; i < tries; ++i) {
    files::KeepFile keep{lock_name};
    left = files::empty_directory(directory, &keep, progress);
    if (left.count == 0) break;
  }
  if (left.count > 0) return lines(path, left);
  const std::string name = path.filename().string();
  const UniqueFd found{files::open_own_directory(base, name.c_str())};
  if (!found || !files::is_same(found.get(), directory)) return {line(path, "something else is there now")};
  left = files::remove_entry(base, name, [] {});
  return lines(path.parent_path(), left);
}

}  // namespace nmz::orchestrator
