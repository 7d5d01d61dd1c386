#include "nmz/logs/log_store.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/installation/user_directories.hpp"
#include "nmz/logs/pruning.hpp"
#include "nmz/output/local_time.hpp"
#include "nmz/output/output_file.hpp"

namespace nmz::logs {
namespace fs = std::filesystem;
namespace {

std::string reason(int error) { return std::error_code{error, std::generic_category()}.message(); }

/// By making a file: there are places that nobody is denied and where none can be made (/proc), and full ones.
std::error_code try_to_write(const fs::path& directory) {
  fs::path draft;
  std::FILE* const probe = output::make_draft(directory / "probe", draft);
  if (probe == nullptr) return {errno, std::generic_category()};
  bool written = std::fputc('\n', probe) != EOF && std::fflush(probe) == 0;
  int why = written ? 0 : errno;
  written = std::fclose(probe) == 0 && written;  // where NFS tells of a quota
  if (!written && why == 0) why = errno;
  std::error_code ignored;
  fs::remove(draft, ignored);
  return {why, std::generic_category()};
}

std::string time_stamp() { return output::local_time(std::chrono::system_clock::now(), "%Y%m%d-%H%M%S"); }

/// A new one of ours, or the name of one that cannot be made. Process ids are not one each: tests that live in worlds
/// of their own (a suite in a search) all begin with the same ones.
fs::path new_directory(const fs::path& state, const std::string& title) {
  const std::string first = title + "-" + time_stamp() + "-" + std::to_string(::getpid());
  std::error_code ignored;
  fs::create_directories(state, ignored);
  fs::path place = state / first;
  constexpr int most_tries = 1000;
  for (int number = 2; number < most_tries && ::mkdir(place.c_str(), S_IRWXU | S_IRWXG | S_IRWXO) != 0; ++number) {
    if (errno != EEXIST) break;
    place = state / (first + "." + std::to_string(number));
  }
  return place;
}

}  // namespace

Result<LogStore> LogStore::open(const std::string& directory, const std::string& title) {
  fs::path place = directory;
  if (directory.empty()) {
    const Result<fs::path> state = installation::state_directory();
    if (!state) return tl::unexpected{state.error()};
    place = new_directory(*state, title);
  }
  std::error_code error;
  fs::create_directories(place, error);
  if (!error) place = fs::canonical(place, error);
  if (!error) error = try_to_write(place);
  Directory locked{error ? nullptr : ::opendir(place.c_str())};
  // A file system without locks is used without.
  if (locked && ::flock(::dirfd(locked.get()), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return fail(ErrorKind::misconfigured, "another run keeps its logs in '" + place.string() +
                                              "' at the moment (choose another place with --log-dir)");
  }
  if (error) {
    return fail(ErrorKind::misconfigured, "cannot keep logs in '" + place.string() + "': " + error.message() +
                                              " (choose another place with --log-dir)");
  }
  if (directory.empty()) mark_as_ours(place);
  if (!directory.empty()) leave_to_user(place);
  return LogStore{std::move(place), std::move(locked)};
}

fs::path LogStore::path(const std::string& commit, std::uint32_t attempt) const {
  return directory_ / (attempt == 1 ? commit + ".log" : commit + ".attempt-" + std::to_string(attempt) + ".log");
}

LogStore::File& LogStore::file(job::JobId job, const std::string& commit, std::uint32_t attempt) {
  auto [at, fresh] = files_.try_emplace(job);
  if (fresh) {
    at->second.reset(std::fopen(path(commit, attempt).c_str(), "we"));
    if (!at->second && !std::exchange(troubled_, true)) {
      trouble_ = "cannot write logs to '" + directory_.string() + "': " + reason(errno);
    }
  }
  return at->second;
}

void LogStore::append(job::JobId job, const std::string& commit, std::uint32_t attempt, std::string_view bytes) {
  const File& log = file(job, commit, attempt);
  if (!log) return;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), log.get()) == bytes.size() &&
                       std::fflush(log.get()) == 0;  // a user may follow the file
  if (!written && !std::exchange(troubled_, true)) {
    trouble_ = "a log is incomplete, cannot write to '" + directory_.string() + "': " + reason(errno);
  }
}

std::string LogStore::close(job::JobId job, const std::string& commit, std::uint32_t attempt, bool keep) {
  if (!keep) {
    const bool existed = files_.erase(job) > 0;
    std::error_code ignored;
    if (existed) fs::remove(path(commit, attempt), ignored);
    return {};
  }
  const bool open = file(job, commit, attempt) != nullptr;
  files_.erase(job);
  return open ? path(commit, attempt).string() : std::string{};
}

std::string LogStore::take_trouble() { return std::exchange(trouble_, {}); }

Result<void> LogStore::write(const std::string& name, const std::string& text) {
  const fs::path target = directory_ / name;
  fs::path draft;
  const File out{output::make_draft(target, draft)};
  const bool written =
      out && std::fwrite(text.data(), 1, text.size(), out.get()) == text.size() && std::fflush(out.get()) == 0;
  std::error_code error{written ? 0 : errno, std::generic_category()};
  if (written) fs::rename(draft, target, error);
  if (!error) return {};
  std::error_code ignored;
  if (out) fs::remove(draft, ignored);
  return fail(ErrorKind::retryable, "cannot write '" + target.string() + "': " + error.message());
}

}  // namespace nmz::logs
