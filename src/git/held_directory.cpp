// See held_directory.hpp.
#include "held_directory.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/listing.hpp"
#include "nmz/files/removal.hpp"

namespace nmz::git {
files::UniqueFd own_directory(int parent, const std::string& name) {
  files::UniqueFd found{files::open_own_directory(parent, name.c_str())};
  if (found) {
    return found;
  }
  discard(parent, name);
  if (::mkdirat(parent, name.c_str(), 0777) != 0) {
    return {};
  }
  return files::UniqueFd{files::open_directory(parent, name.c_str())};
}

files::UniqueFd own_directories(int top, std::string_view path) {
  files::UniqueFd here{::openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  while (here && !path.empty()) {
    const std::string name{path.substr(0, path.find('/'))};
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    here = own_directory(here.get(), name);
  }
  return here;
}

std::optional<std::string> read_own_file(int directory, const std::string& name) {
  const files::UniqueFd file{::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  std::string content;
  std::array<char, 1 << 14> buffer{};
  ssize_t got = 0;
  while ((got = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return got == 0 ? std::optional{std::move(content)} : std::nullopt;
}

bool replace_file(int directory, const std::string& name, std::string_view content, mode_t mode) {
  discard(directory, name);
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  files::UniqueFd file{::openat(directory, name.c_str(), flags, mode)};
  while (file && !content.empty()) {
    const ssize_t put = ::write(file.get(), content.data(), content.size());
    if (put < 0 && errno != EINTR) {
      return false;
    }
    content.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
  }
  return file && file.close_checked() == 0;
}

void discard(int directory, const std::string& name) {
  static_cast<void>(files::remove_entry(directory, name, [] {}));
}

bool same_file(int one, int other) {
  struct stat left {};
  struct stat right {};
  return ::fstat(one, &left) == 0 && ::fstat(other, &right) == 0 && left.st_dev == right.st_dev &&
         left.st_ino == right.st_ino;
}

bool set_aside(int parent, const std::string& name, int aside) {
  constexpr int tries = 1000;
  while (files::detach_mount(parent, name.c_str())) {
  }
  for (int i = 1; i <= tries; ++i) {
    const std::string other = name + ".replaced-" + std::to_string(i);
    if (::faccessat(aside, other.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
      return ::renameat(parent, name.c_str(), aside, other.c_str()) == 0 || errno == ENOENT;
    }
  }
  return false;
}

}  // namespace nmz::git
