#include "nmz/orchestrator/run_directory.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/placement.hpp"
#include "nmz/files/removal.hpp"
#include "nmz/interruption/lock_wait.hpp"
#include "nmz/process/randomness.hpp"

#include "processes.hpp"
#include "removal_beside.hpp"

namespace nmz::orchestrator {
namespace fs = std::filesystem;
namespace {

using files::UniqueFd;

constexpr const char* lock_name = "lock";
/// The permissions of a directory until its mark is written: a name and a mark can't come into being at once, and these
/// are no one's (a sticky bit where nobody else may write). So what a run left that was killed between is known, too.
constexpr mode_t unmarked = S_ISVTX | S_IRWXU;

std::string reason(int error) { return std::error_code{error, std::generic_category()}.message(); }

/// A lock file's descriptor, locked; none with errno set.
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

/// What is in the lock file of a directory that we have made. Empty when that cannot be said. Not the device: its
/// number may be another one after the machine was started again.
std::string mark_of(int directory, const fs::path& path) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return {};
  return "A run directory of Namazu Swarm, removed when its run has ended.\nname " + path.filename().string() +
         "\ninode " + std::to_string(status.st_ino) + "\nuser " + std::to_string(::getuid()) + '\n';
}

/// 0 or an errno.
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

/// Any name; empty with errno set.
std::string make_directory(int base) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz234567";
  constexpr int tries = 100;
  for (int i = 0; i < tries; ++i) {
    std::array<unsigned char, 8> bytes{};
    process::fill_with_randomness(std::span<unsigned char>{bytes});
    std::string name = "run-";
    for (const unsigned char byte : bytes) name += letters[byte % letters.size()];
    if (::mkdirat(base, name.c_str(), unmarked) == 0) return name;
    if (errno != EEXIST) break;
  }
  return {};
}

/// The name of a new directory in `base`, for this process alone: the first that is free, run-NAME-1, -2, ... It gets
/// it by being renamed: where a file system puts a directory depends on its name (placement.hpp), and with the name of
/// the last run it would come to lie where that one was deleted.
std::string make_named_directory(int base, const std::string& name) {
  constexpr int tries = 100;
  std::string made = make_directory(base);
  for (int i = 1; i <= tries && !made.empty(); ++i) {
    std::string numbered = "run-" + name + '-' + std::to_string(i);
    if (::faccessat(base, numbered.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
    if (errno == ENOENT && ::renameat(base, made.c_str(), base, numbered.c_str()) == 0) return numbered;
    break;
  }
  return made;
}

/// Nobody else is making one: the base is locked. A directory with something in it stays.
void remove_unmarked(int base, const fs::path& path, int directory, int lock) {
  struct stat made {};
  struct stat empty {};
  if (::fstat(directory, &made) != 0 || made.st_uid != ::geteuid()) return;
  if ((made.st_mode & ~mode_t{S_ISGID}) != (S_IFDIR | unmarked)) return;
  if (lock >= 0) {
    const bool unwritten = ::fstat(lock, &empty) == 0 && S_ISREG(empty.st_mode) && empty.st_size == 0;
    if (!unwritten || ::unlinkat(directory, lock_name, 0) != 0) return;
  }
  ::unlinkat(base, path.filename().c_str(), AT_REMOVEDIR);
}

bool is_same(int one, int other) {
  struct stat left {};
  struct stat right {};
  return ::fstat(one, &left) == 0 && ::fstat(other, &right) == 0 && left.st_dev == right.st_dev &&
         left.st_ino == right.st_ino;
}

std::string line(const fs::path& path, const std::string& why) {
  return "cannot remove '" + path.string() + "': " + why;
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

/// Removes the open directory and its name in `base`. Tries again for what a dying process may just have created.
std::vector<std::string> remove_directory(
    int base, int directory, const fs::path& path, const files::Progress& progress = [] {}) {
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
  if (!found || !is_same(found.get(), directory)) return {line(path, "something else is there now")};
  left = files::remove_entry(base, name, [] {});
  return lines(path.parent_path(), left);
}

class Sweeper {
 public:
  Sweeper(const fs::path& path, int base) : path_{path}, base_{base} {}

  RunDirectory::Swept sweep() {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator{path_, error}) {
      if (entry.path().filename().string().starts_with("run-")) sweep(entry.path());
    }
    return std::move(swept_);
  }

 private:
  void sweep(const fs::path& path) {
    const UniqueFd directory{::openat(base_, path.filename().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!directory) return;
    const UniqueFd lock{::openat(directory.get(), lock_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
    if (!lock || !is_ours(directory.get(), path, lock.get())) {
      return remove_unmarked(base_, path, directory.get(), lock.get());
    }
    struct stat status {};
    const bool dead = ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
    if (!dead || ::fstat(directory.get(), &status) != 0 || status.st_nlink == 0) return;  // or removed meanwhile
    const std::string mark = "NMZ_RUN=" + path.string();
    swept_.processes += kill_all([&](const ProcessFacts& process) { return started_with(process.pid, mark); });
    std::vector<std::string> left = remove_directory(base_, directory.get(), path);
    swept_.directories += left.empty() ? 1U : 0U;
    for (std::string& one : left) swept_.left.push_back(std::move(one));
  }

  const fs::path& path_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  int base_;
  RunDirectory::Swept swept_;
};

}  // namespace

Result<RunDirectory> RunDirectory::create(const fs::path& base, const std::string& remedy, const std::string& name) {
  const auto cannot = [&](int error) {
    if (error == ECANCELED) return fail(ErrorKind::cancelled, "interrupted");
    return fail(ErrorKind::misconfigured,
                "cannot work in '" + base.string() + "': " + reason(error) + " (" + remedy + ")");
  };
  std::error_code error;
  fs::create_directories(base, error);
  if (error) return cannot(error.value());
  const fs::path real = fs::canonical(base, error);
  if (error) return cannot(error.value());
  UniqueFd place{::open(real.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!place) return cannot(errno);
  files::spread_subdirectories(place.get());
  const UniqueFd gate = open_locked(place.get(), real, LOCK_EX);
  if (!gate) return cannot(errno);
  Swept swept = Sweeper{real, place.get()}.sweep();
  std::string made_name = name.empty() ? std::string{} : make_named_directory(place.get(), name);
  if (made_name.empty()) made_name = make_directory(place.get());
  if (made_name.empty()) return cannot(errno);
  const fs::path path = real / made_name;
  UniqueFd directory{::openat(place.get(), path.filename().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory) return cannot(errno);
  RunDirectory made{path, std::move(place), std::move(directory)};
  made.swept_ = std::move(swept);
  made.lock_ = open_locked(made.directory_.get(), path, LOCK_EX | LOCK_NB);
  if (!made.lock_) {
    const int failed = errno;
    ::unlinkat(made.base_.get(), path.filename().c_str(), AT_REMOVEDIR);
    return cannot(failed);
  }
  int failed = write_mark(made.directory_.get(), path, made.lock_.get());
  if (failed == 0 && ::fchmod(made.directory_.get(), S_IRWXU) != 0) failed = errno;
  if (failed != 0) return cannot(failed);
  return made;
}

RunDirectory::RunDirectory(fs::path path, UniqueFd base, UniqueFd directory)
    : path_{std::move(path)}, base_{std::move(base)}, directory_{std::move(directory)} {}

std::vector<std::string> RunDirectory::remove() {
  if (!lock_) return {};
  std::vector<std::string> left = remove_directory(base_.get(), directory_.get(), path_);
  lock_.reset();
  return left;
}

std::vector<std::string> RunDirectory::remove_beside() {
  if (!lock_) return {};
  const std::array<int, 3> needed{base_.get(), directory_.get(), lock_.get()};
  const auto work = [this](const files::Progress& progress) {
    return remove_directory(base_.get(), directory_.get(), path_, progress);
  };
  std::optional<std::vector<std::string>> left = removal_beside(needed, work);
  if (!left) return remove();
  lock_.reset();
  return std::move(*left);
}

RunDirectory::~RunDirectory() { remove(); }

}  // namespace nmz::orchestrator
