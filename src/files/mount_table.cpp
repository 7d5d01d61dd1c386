#include "nmz/files/mount_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

#include "nmz/files/contents.hpp"

namespace nmz::files {
namespace {

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
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

}  // namespace

std::vector<MountPoint> mount_points(std::string_view text) {
  constexpr std::string_view separator = " - ";
  std::vector<MountPoint> found;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t behind = line.find(separator);
    if (behind == std::string_view::npos) continue;
    std::string_view rest = line.substr(behind + separator.size());
    MountPoint mount;
    mount.type = take_word(rest);
    for (int i = 0; i < 4; ++i) take_word(line);  // its number, the parent's, the device, what of it is mounted
    mount.path = unescaped(take_word(line));
    found.push_back(std::move(mount));
  }
  return found;
}

std::vector<MountPoint> mount_points() { return mount_points(contents("/proc/self/mountinfo").value_or("")); }

bool may_never_answer(const MountPoint& mount) {
  constexpr std::array kinds{"fuse", "nfs", "cifs", "smb", "9p", "afs", "autofs", "ceph"};
  return std::ranges::any_of(kinds, [&](const char* kind) { return mount.type.starts_with(kind); });
}

}  // namespace nmz::files
