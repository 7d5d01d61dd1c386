// See mounts.hpp.
#include "mounts.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nmz/files/removal.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::orchestrator {
namespace {

using files::UniqueFd;

std::string read_all(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Spaces, tabs, newlines and backslashes are \ooo there.
std::string unescaped(std::string_view text) {
  constexpr std::size_t digits = 3;
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned value = 0;
    const char* const first = text.data() + at + 1;
    if (text[at] == '\\' && at + digits < text.size() &&
        std::from_chars(first, first + digits, value, 8).ptr == first + digits) {
      result += static_cast<char>(value);
      at += digits;
    } else {
      result += text[at];
    }
  }
  return result;
}

/// The number of the mount that an open file is on.
int mount_of(int fd) {
  constexpr std::string_view label = "mnt_id:";
  const std::string facts = read_all("/proc/self/fdinfo/" + std::to_string(fd));
  const std::size_t at = facts.find(label);
  if (at == std::string::npos) return 0;
  std::string_view rest = std::string_view{facts}.substr(at + label.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  return number(rest);
}

/// Not so much as its root is looked into: that can hang (FUSE).
UniqueFd open_place(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  UniqueFd place{static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how))};
  const bool unknown = !place && (errno == ENOSYS || errno == EPERM);  // before Linux 5.6, or in a sandbox
  return unknown ? UniqueFd{::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)} : std::move(place);
}

bool detach(const Mount& mount) {
  const UniqueFd place = open_place(mount.path);
  return place && mount_of(place.get()) == mount.id && files::detach_mounted(place.get());
}

}  // namespace

std::vector<Mount> mounts_below(std::string_view text, const std::string& directory) {
  std::vector<Mount> found;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    Mount mount;
    mount.id = number(take_word(line));
    for (int i = 0; i < 3; ++i) take_word(line);  // the parent, the device, what of it is mounted
    mount.path = unescaped(take_word(line));
    if (mount.path == directory || mount.path.starts_with(directory + '/')) found.push_back(std::move(mount));
  }
  return found;
}

/// The last ones first: they lie on top. What is below others is reached once those have gone.
std::vector<std::string> detach_mounts(const std::filesystem::path& directory) {
  std::vector<Mount> there;
  bool changed = true;
  while (changed) {
    changed = false;
    there = mounts_below(read_all("/proc/self/mountinfo"), directory.string());
    for (std::size_t at = there.size(); at-- > 0;) changed = detach(there[at]) || changed;
  }
  std::vector<std::string> left;
  left.reserve(there.size());
  for (Mount& mount : there) left.push_back(std::move(mount.path));
  std::ranges::sort(left);
  left.erase(std::unique(left.begin(), left.end()), left.end());
  return left;
}

}  // namespace nmz::orchestrator
