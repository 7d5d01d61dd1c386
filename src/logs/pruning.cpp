#include "nmz/logs/pruning.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <tuple>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/removal.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::logs {
namespace fs = std::filesystem;
namespace {

using files::UniqueFd;
using Clock = std::chrono::system_clock;

constexpr const char* mark_name = ".namazu-swarm";

/// What is in the mark of an open directory of this name that we have made. Empty when that cannot be said.
std::string mark_of(int directory, const std::string& name) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return {};
  return "Logs of a run of Namazu Swarm, removed when they are old.\nname " + name + "\ninode " +
         std::to_string(status.st_ino) + "\nuser " + std::to_string(::getuid()) + '\n';
}

bool is_ours(int directory, const std::string& name) {
  const UniqueFd mark{::openat(directory, mark_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
  struct stat status {};
  if (!mark || ::fstat(mark.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) {
    return false;
  }
  const std::string expected = mark_of(directory, name);
  std::array<char, 1024> buffer{};
  const ssize_t got = ::read(mark.get(), buffer.data(), buffer.size());
  return !expected.empty() && got >= 0 && std::string_view{buffer.data(), static_cast<std::size_t>(got)} == expected;
}

UniqueFd open_directory(int place, const std::string& name) {
  return UniqueFd{::openat(place, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

/// A lock of our own on it, while the descriptor is open; false where its run goes on.
bool lock(int directory) { return ::flock(directory, LOCK_EX | LOCK_NB) == 0; }

/// Removes the directory, if it is one of ours whose run is over; what is left of it, one line each.
void remove(int place, const fs::path& path, Pruned& pruned) {
  const std::string name = path.filename().string();
  const UniqueFd directory = open_directory(place, name);
  if (!directory || !is_ours(directory.get(), name) || !lock(directory.get())) return;
  files::KeepFile keep{mark_name};
  files::Leftovers left = files::empty_directory(directory.get(), &keep, [] {});
  if (left.count == 0) left = files::remove_entry(place, name, [] {});
  if (left.count == 0) {
    ++pruned.runs;
    return;
  }
  const std::string why =
      left.first.empty() ? "" : std::error_code{left.first[0].error, std::generic_category()}.message();
  pruned.left.push_back("cannot remove the old logs in '" + path.string() + "': " + why);
}

}  // namespace

std::vector<KeptRun> kept_runs(const fs::path& place) {
  std::vector<KeptRun> runs;
  const UniqueFd base{::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{place, error}) {
    KeptRun run;
    run.name = entry.path().filename().string();
    struct stat status {};
    const UniqueFd directory = open_directory(base.get(), run.name);
    if (!directory || !is_ours(directory.get(), run.name) || ::fstat(directory.get(), &status) != 0) continue;
    run.last_change = Clock::time_point{std::chrono::seconds{status.st_mtim.tv_sec}};
    run.going_on = !lock(directory.get());
    runs.push_back(std::move(run));
  }
  std::ranges::sort(runs, [](const KeptRun& one, const KeptRun& other) {
    return std::tie(one.last_change, one.name) > std::tie(other.last_change, other.name);
  });
  return runs;
}

Pruned prune(const fs::path& place, Clock::time_point now, Retention retention) {
  Pruned pruned;
  const std::vector<KeptRun> runs = kept_runs(place);
  const UniqueFd base{::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  for (std::size_t i = retention.runs; i < runs.size(); ++i) {
    const bool old = now - runs[i].last_change > retention.age;
    if (old && !runs[i].going_on) remove(base.get(), place / runs[i].name, pruned);
  }
  return pruned;
}

void mark_as_ours(const fs::path& directory) {
  const UniqueFd made{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!made) return;
  const UniqueFd mark{::openat(made.get(), mark_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  const std::string text = mark_of(made.get(), directory.filename().string());
  if (mark) static_cast<void>(::write(mark.get(), text.data(), text.size()) == 0);
}

void leave_to_user(const fs::path& directory) {
  const UniqueFd named{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (named && is_ours(named.get(), directory.filename().string())) ::unlinkat(named.get(), mark_name, 0);
}

}  // namespace nmz::logs
