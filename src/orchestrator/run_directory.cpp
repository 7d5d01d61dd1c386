#include "nmz/orchestrator/run_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/interruption/lock_wait.hpp"

#include "processes.hpp"

namespace nmz::orchestrator {
namespace fs = std::filesystem;
namespace {

std::string reason(int error) { return std::error_code{error, std::generic_category()}.message(); }

/// A lock file's descriptor, locked; -1 with errno set.
int open_locked(const fs::path& path, int how, int create = O_CREAT) {
  const int fd = ::open(path.c_str(), O_RDWR | create | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (fd < 0) return -1;
  const int error = interruption::lock_file(fd, how, path.string());
  if (error == 0) return fd;
  ::close(fd);
  errno = error;
  return -1;
}

/// Tests may leave directories that their owner cannot write or read; remove_all would stop there.
void make_removable(const fs::path& directory) {
  std::error_code ignored;
  fs::permissions(directory, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow, ignored);
  for (fs::directory_iterator at{directory, ignored}, end; !ignored && at != end; at.increment(ignored)) {
    std::error_code unreadable;
    if (at->symlink_status(unreadable).type() == fs::file_type::directory) make_removable(at->path());
  }
}

/// Tries again for what a dying process may just have created, or a sweeping neighbour removed at the same time.
void remove_tree(const fs::path& directory) {
  constexpr int tries = 3;
  for (int i = 0; i < tries; ++i) {
    std::error_code error;
    fs::remove_all(directory, error);
    if (!error) return;
    make_removable(directory);
  }
}

RunDirectory::Swept sweep(const fs::path& base) {
  RunDirectory::Swept swept;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{base, error}) {
    if (!entry.path().filename().string().starts_with("run-") || !entry.is_directory(error)) continue;
    const int lock = open_locked(entry.path() / "lock", LOCK_EX | LOCK_NB, 0);
    // No lock file: its owner died before making one (it would hold the gate), or is removing the directory now.
    if (lock < 0 && errno != ENOENT) continue;  // alive, or somebody else's
    const std::string mark = "NMZ_RUN=" + entry.path().string();
    swept.processes += kill_all([&](const ProcessFacts& process) { return started_with(process.pid, mark); });
    remove_tree(entry.path());
    if (lock >= 0) ::close(lock);
    ++swept.directories;
  }
  return swept;
}

}  // namespace

Result<RunDirectory> RunDirectory::create(const fs::path& base, const std::string& remedy) {
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
  const int gate = open_locked(real / "lock", LOCK_EX);
  if (gate < 0) return cannot(errno);
  const Swept swept = sweep(real);
  std::string name = (real / "run-XXXXXX").string();
  const int made = ::mkdtemp(name.data()) == nullptr ? errno : 0;
  const int lock = made != 0 ? -1 : open_locked(fs::path{name} / "lock", LOCK_EX | LOCK_NB);
  const int failed = made != 0 ? made : (lock < 0 ? errno : 0);
  ::close(gate);
  if (failed != 0) {
    if (made == 0) fs::remove_all(name, error);
    return cannot(failed);
  }
  return RunDirectory{name, lock, swept};
}

RunDirectory::RunDirectory(fs::path path, int lock, Swept swept) : path_{std::move(path)}, lock_{lock}, swept_{swept} {}

RunDirectory::RunDirectory(RunDirectory&& other) noexcept
    : path_{std::move(other.path_)}, lock_{std::exchange(other.lock_, -1)}, swept_{other.swept_} {}

RunDirectory::~RunDirectory() {
  if (lock_ < 0) return;
  remove_tree(path_);
  ::close(lock_);
}

}  // namespace nmz::orchestrator
