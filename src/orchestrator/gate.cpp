#include "gate.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/interruption/lock_wait.hpp"

#include "run_mark.hpp"

namespace nmz::orchestrator {
namespace {

using files::UniqueFd;

constexpr std::string_view mark = "A lock of Namazu Swarm, held while its run directories here come and go.\n";

struct Opened {
  UniqueFd file;  ///< none: errno is set
  bool made = false;
};

Opened open_or_make(int directory) {
  constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  UniqueFd file{::openat(directory, lock_name, flags | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR)};
  if (file) {
    static_cast<void>(::write(file.get(), mark.data(), mark.size()));
    return {std::move(file), true};
  }
  if (errno == EEXIST) file = UniqueFd{::openat(directory, lock_name, flags)};
  return {std::move(file), false};
}

/// Not another that has come to its name while we waited.
bool is_in_its_place(int directory, int lock) {
  struct stat named {};
  struct stat held {};
  return ::fstatat(directory, lock_name, &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(lock, &held) == 0 &&
         named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

bool is_ours(int lock) {
  std::array<char, mark.size() + 1> text{};
  const ssize_t got = ::pread(lock, text.data(), text.size(), 0);
  return got >= 0 && std::string_view{text.data(), static_cast<std::size_t>(got)} == mark;
}

}  // namespace

Gate& Gate::operator=(Gate&& other) noexcept {
  if (this != &other) {
    leave();
    directory_ = other.directory_;
    lock_ = std::move(other.lock_);
    made_ = other.made_;
  }
  return *this;
}

Gate Gate::enter(int directory, const std::filesystem::path& path) {
  constexpr int most = 10'000;  // others come and go; the directory itself may have gone
  Gate gate;
  for (int i = 0; i < most; ++i) {
    auto [file, made] = open_or_make(directory);
    if (!file && errno == ENOENT) continue;  // another has just taken it away
    if (!file) return gate;
    if (const int error = interruption::lock_file(file.get(), LOCK_EX, (path / lock_name).string()); error != 0) {
      errno = error;
      return gate;
    }
    if (is_in_its_place(directory, file.get())) {
      gate.directory_ = directory;
      gate.lock_ = std::move(file);
      gate.made_ = made;
      return gate;
    }
  }
  errno = ENOENT;
  return gate;
}

void Gate::leave() {
  if (!lock_) return;
  if ((made_ || is_ours(lock_.get())) && is_in_its_place(directory_, lock_.get())) ::unlinkat(directory_, lock_name, 0);
  lock_.reset();
}

}  // namespace nmz::orchestrator
