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

#include "gate.hpp"
#include "kept_mark.hpp"
#include "mounts.hpp"
#include "processes.hpp"
#include "removal_beside.hpp"
#include "run_mark.hpp"

namespace nmz::orchestrator {
namespace fs = std::filesystem;
namespace {

using files::UniqueFd;

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

std::string numbered(const std::string& name, int number) { return "run-" + name + '-' + std::to_string(number); }

/// The name of a new directory in `base`, for this process alone: the first that is free, run-NAME-1, -2, ... It gets
/// it by being renamed: where a file system puts a directory depends on its name (placement.hpp), and with the name of
/// the last run it would come to lie where that one was deleted.
std::string make_named_directory(int base, const std::string& name) {
  constexpr int tries = 100;
  std::string made = make_directory(base);
  for (int i = 1; i <= tries && !made.empty(); ++i) {
    std::string wanted = numbered(name, i);
    if (::faccessat(base, wanted.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
    if (errno == ENOENT && ::renameat(base, made.c_str(), base, wanted.c_str()) == 0) return wanted;
    break;
  }
  return made;
}

/// What still runs from there.
std::size_t kill_strays(const fs::path& path) {
  const std::string mark = "NMZ_RUN=" + path.string();
  return kill_all([&](const ProcessFacts& process) { return started_with(process.pid, mark); }).count;
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

/// What is mounted there and cannot be detached, a line each.
std::vector<std::string> mounted_lines(const fs::path& path) {
  std::vector<std::string> lines = detach_mounts(path);
  for (std::string& line : lines) line.insert(0, "cannot keep '").append("': something is mounted there");
  return lines;
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
    const UniqueFd directory{files::open_here(base_, path.filename().c_str())};
    if (!directory) return;
    const UniqueFd lock{::openat(directory.get(), lock_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
    if (!lock || !is_ours(directory.get(), path, lock.get())) {
      return remove_unmarked(base_, path, directory.get(), lock.get());
    }
    struct stat status {};
    const bool dead = ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
    if (!dead || ::fstat(directory.get(), &status) != 0 || status.st_nlink == 0) return;  // or removed meanwhile
    if (read_kept(directory.get())) return;
    swept_.processes += kill_strays(path);
    std::vector<std::string> left = remove_directory(base_, directory.get(), path);
    swept_.directories += left.empty() ? 1U : 0U;
    for (std::string& one : left) swept_.left.push_back(std::move(one));
  }

  const fs::path& path_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  int base_;
  RunDirectory::Swept swept_;
};

}  // namespace

/// While the base is locked. Fails with an errno.
tl::expected<RunDirectory, int> RunDirectory::make(const fs::path& base, int place, const std::string& name) {
  std::string made_name = name.empty() ? std::string{} : make_named_directory(place, name);
  if (made_name.empty()) made_name = make_directory(place);
  if (made_name.empty()) return tl::unexpected{errno};
  const fs::path path = base / made_name;
  UniqueFd directory{::openat(place, path.filename().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  UniqueFd again{::fcntl(place, F_DUPFD_CLOEXEC, 0)};
  if (!directory || !again) return tl::unexpected{errno};
  RunDirectory made{path, std::move(again), std::move(directory)};
  made.lock_ = open_locked(made.directory_.get(), path, LOCK_EX | LOCK_NB);
  if (!made.lock_) {
    const int failed = errno;
    ::unlinkat(place, path.filename().c_str(), AT_REMOVEDIR);
    return tl::unexpected{failed};
  }
  int failed = write_mark(made.directory_.get(), path, made.lock_.get());
  if (failed == 0 && ::fchmod(made.directory_.get(), S_IRWXU) != 0) failed = errno;
  if (failed != 0) return tl::unexpected{failed};
  return made;
}

/// The mark goes first: if this program is killed from now on, the directory is a dead one.
std::optional<RunDirectory> RunDirectory::take_over(const fs::path& base, int place, const std::string& name,
                                                    const std::string& owner, Swept& swept) {
  constexpr int most = 8;
  for (int i = 1; i <= most && !owner.empty(); ++i) {
    const fs::path path = base / numbered(name, i);
    UniqueFd directory{files::open_here(place, path.filename().c_str())};
    UniqueFd lock{directory ? ::openat(directory.get(), lock_name, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC) : -1};
    if (!lock || !is_ours(directory.get(), path, lock.get()) || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    std::optional<KeptTrees> trees = read_kept(directory.get());
    if (!trees || trees->owner != owner) continue;
    if (std::vector<std::string> mounted = mounted_lines(path); !mounted.empty()) {
      swept.left.insert(swept.left.end(), mounted.begin(), mounted.end());
      continue;
    }
    if (!drop_kept(directory.get())) continue;
    kill_strays(path);
    const auto aside = make(base, place, {});
    if (!aside || !trim(directory.get(), aside->directory_.get(), *trees, [] {})) continue;
    RunDirectory taken{path, UniqueFd{::fcntl(place, F_DUPFD_CLOEXEC, 0)}, std::move(directory)};
    taken.lock_ = std::move(lock);
    taken.inherited_ = std::move(trees);
    return taken;
  }
  return std::nullopt;
}

Result<RunDirectory> RunDirectory::create(const fs::path& base, const std::string& remedy, const std::string& name,
                                          const std::string& owner, const std::string& title) {
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
  const Gate gate = Gate::enter(place.get(), real);
  if (!gate) return cannot(errno);
  Swept swept = Sweeper{real, place.get()}.sweep();
  std::optional<RunDirectory> made = take_over(real, place.get(), name, owner, swept);
  if (!made) {
    auto fresh = make(real, place.get(), name);
    if (!fresh) return cannot(fresh.error());
    made.emplace(std::move(*fresh));
  }
  made->swept_ = std::move(swept);
  if (!title.empty()) write_title(made->directory_.get(), title);
  return std::move(*made);
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
  return end_beside([this](const files::Progress& progress) {
    return remove_directory(base_.get(), directory_.get(), path_, progress);
  });
}

std::vector<std::string> RunDirectory::keep_beside(const KeptTrees& trees, const KeptLimits& limits) {
  return end_beside([this, &trees, &limits](const files::Progress& progress) { return keep(trees, limits, progress); });
}

/// The trees are there for the next run before the rest is removed.
std::vector<std::string> RunDirectory::keep(KeptTrees trees, KeptLimits limits, const files::Progress& progress) {
  const fs::path base = path_.parent_path();
  Gate gate = Gate::enter(base_.get(), base);
  auto aside = make(base, base_.get(), {});
  gate.leave();
  std::vector<std::string> left = mounted_lines(path_);
  const bool trimmed = aside && left.empty() && trim(directory_.get(), aside->directory_.get(), trees, progress);
  limits.bytes = bytes_allowed(base, limits);
  const bool fits = trimmed && !trees.workers.empty() && trees.bytes <= limits.bytes && limits.directories > 0;
  if (fits && write_kept(directory_.get(), trees)) {
    lock_.reset();  // the program goes on to hold it, until it has heard enough
    limits.directories -= 1;
    limits.bytes -= trees.bytes;
    left = prune_kept(base, limits, progress).left;
  } else {
    left = remove_directory(base_.get(), directory_.get(), path_, progress);
  }
  if (!aside) return left;
  for (std::string& line : remove_directory(base_.get(), aside->directory_.get(), aside->path_, progress)) {
    left.push_back(std::move(line));
  }
  aside->lock_.reset();
  return left;
}

std::vector<std::string> RunDirectory::end_beside(
    const std::function<std::vector<std::string>(const files::Progress&)>& work) {
  if (!lock_) return {};
  const std::array<int, 3> needed{base_.get(), directory_.get(), lock_.get()};
  std::optional<std::vector<std::string>> left = removal_beside(needed, work);
  if (!left) return remove();
  lock_.reset();
  return std::move(*left);
}

RunDirectory::~RunDirectory() { remove(); }

}  // namespace nmz::orchestrator
