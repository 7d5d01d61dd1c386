// See tree_root.hpp.
#include "tree_root.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/removal.hpp"

#include "tree_path.hpp"

namespace nmz::agent {
namespace {

/// Cuts a number off the front, and the colon behind it.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty()) {
    if (text.front() != ':') {
      return false;
    }
    text.remove_prefix(1);
  }
  return true;
}

bool is_own_directory(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

}  // namespace

TreeRoot::TreeRoot(std::string path, UniqueFd place)
    : path_{std::move(path)}, name_{name_of(path_)}, place_{std::move(place)} {
  if (name_.empty()) {
    name_ = ".";  // the root directory
  }
}

std::optional<TreeRoot> TreeRoot::choose(const std::vector<std::string>& candidates) {
  if (candidates.empty()) {
    return TreeRoot{};
  }
  if (candidates.size() == 1) {
    return found_at(candidates.front());
  }
  for (const std::string& tree : candidates) {
    if (auto root = free_one(tree)) {
      return root;
    }
  }
  return std::nullopt;
}

std::optional<TreeRoot> TreeRoot::found_at(const std::string& tree) {
  ::mkdir(tree.c_str(), 0777);  // fails where it exists, and realpath() says so where it does not
  std::array<char, PATH_MAX> resolved{};
  if (::realpath(tree.c_str(), resolved.data()) == nullptr) {
    return std::nullopt;
  }
  const std::string parent{parent_of(resolved.data())};
  UniqueFd place{::open(parent.empty() ? "/" : parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  TreeRoot root{resolved.data(), std::move(place)};
  return root.hold() ? std::optional{std::move(root)} : std::nullopt;
}

/// What is somebody else's there, or a link, is passed over.
std::optional<TreeRoot> TreeRoot::free_one(const std::string& tree) {
  constexpr int most = 1000;
  for (int i = 1; i <= most; ++i) {
    const std::string name = i == 1 ? tree : tree + "-" + std::to_string(i);
    const bool made = ::mkdir(name.c_str(), 0777) == 0;
    auto root = found_at(name);
    if (!root) {
      return std::nullopt;
    }
    if (is_own_directory(name) && root->lock(made)) {
      return root;
    }
  }
  return std::nullopt;
}

/// Where the file system has no locks, only what nobody else can have yet is taken.
bool TreeRoot::lock(bool was_just_made) {
  locked_ = open();
  return locked_ && (::flock(locked_.get(), LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && was_just_made));
}

std::optional<TreeRoot> TreeRoot::handed_over(const std::string& path, std::string_view made) {
  int place = -1;
  dev_t device = 0;
  ino_t inode = 0;
  if (!take_number(made, place) || !take_number(made, device) || !take_number(made, inode) || !made.empty()) {
    errno = EINVAL;
    return std::nullopt;
  }
  TreeRoot root{path, UniqueFd{place}};
  struct stat status {};
  if (::fstat(place, &status) != 0) {
    return std::nullopt;
  }
  root.identity_ = {device, inode};
  return root;
}

UniqueFd TreeRoot::open_name() const {
  return UniqueFd{::openat(place_.get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
}

/// Takes what is at the name for the tree.
bool TreeRoot::hold() {
  UniqueFd found = open_name();
  const auto identity = found ? files::Identity::of(found.get()) : std::nullopt;
  if (!identity) {
    return false;
  }
  identity_ = *identity;
  made_ = std::move(found);
  return true;
}

bool TreeRoot::is_held(int fd) const { return files::Identity::of(fd) == identity_; }

UniqueFd TreeRoot::open() const {
  const UniqueFd found = path_.empty() ? UniqueFd{} : open_name();
  if (found && is_held(found.get())) {
    UniqueFd tree{::openat(found.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return tree || errno != EACCES ? std::move(tree) : UniqueFd{files::open_directory(place_.get(), name_.c_str())};
  }
  errno = found ? ESTALE : ENOENT;
  return UniqueFd{};
}

/// Whatever is at the name goes elsewhere: a mount is detached, the rest renamed.
bool TreeRoot::clear_name() const {
  if (files::detach_mount(place_.get(), name_.c_str())) {
    return true;
  }
  constexpr int tries = 1000;
  for (int i = 1; i <= tries; ++i) {
    const std::string other = name_ + ".replaced-" + std::to_string(i);
    if (::faccessat(place_.get(), other.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
      return ::renameat(place_.get(), name_.c_str(), place_.get(), other.c_str()) == 0;
    }
  }
  return false;
}

UniqueFd TreeRoot::open_or_make() {
  if (path_.empty()) {
    return open();
  }
  constexpr int tries = 10;  // mounts lie on top of each other
  for (int i = 0; i < tries; ++i) {
    UniqueFd tree = open();
    if (tree || (errno != ENOENT && errno != ESTALE)) {
      return tree;
    }
    if (errno == ENOENT) {
      if (::mkdirat(place_.get(), name_.c_str(), 0777) != 0 || !hold()) {
        return UniqueFd{};
      }
    } else if (!clear_name()) {
      return UniqueFd{};
    }
  }
  errno = ESTALE;
  return UniqueFd{};
}

bool TreeRoot::is_at_its_path() const {
  const UniqueFd reached{::open(path_.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  return reached && is_held(reached.get());
}

}  // namespace nmz::agent
