// See nmz/history/ledger.hpp. A file's name is "TIME-PID.QUESTION.ledger", the question as the first digits of it, so
// that who looks for what is known of one need not open the others.
#include "nmz/history/ledger.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/unique_fd.hpp"

#include "ledger_lines.hpp"
#include "moment.hpp"

namespace nmz::history {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view ending = ".ledger";
constexpr off_t longest_file = off_t{64} << 20;

std::string mark_of(const std::string& question) {
  constexpr std::size_t enough = 8;
  return hex(std::string_view{question}.substr(0, enough));
}

std::string reason() { return std::error_code{errno, std::generic_category()}.message(); }

std::string stamp(Clock::time_point when) {
  const std::time_t seconds = Clock::to_time_t(when);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  constexpr std::size_t room = 32;
  std::string text(room, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y%m%d-%H%M%S", &parts));
  return text;
}

/// All of it; empty where it cannot be read, or is no file of ours.
std::string text_of(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > longest_file) return {};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t more = ::pread(file, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (more <= 0 && errno == EINTR) continue;
    if (more <= 0) break;
    have += static_cast<std::size_t>(more);
  }
  text.resize(have);
  return text;
}

/// "TIME-PID" of a file's name; empty for another file.
std::string name_in(const std::string& file) {
  return file.ends_with(ending) ? file.substr(0, file.find('.')) : std::string{};
}

std::optional<LedgerContents> read_file(const fs::path& path) {
  const files::UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file) return std::nullopt;
  const bool alone = ::flock(file.get(), LOCK_SH | LOCK_NB) == 0;
  const bool going_on = !alone && errno == EWOULDBLOCK;
  std::optional<LedgerContents> contents = contents_of(text_of(file.get()));
  if (!contents) return std::nullopt;
  contents->name = name_in(path.filename());
  contents->going_on = going_on;
  return contents;
}

std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it{directory, error}, end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ending) found.push_back(it->path());
  }
  std::ranges::sort(found, std::greater<>{});
  return found;
}

/// Asks for what was written to be put on the disk, without making anybody wait for it.
class Saver {
 public:
  explicit Saver(int file) : thread_{[this, file](const std::stop_token& stop) { work(stop, file); }} {}
  void save() {
    {
      const std::lock_guard lock{mutex_};
      wanted_ = true;
    }
    wake_.notify_one();
  }

 private:
  void work(const std::stop_token& stop, int file) {
    for (;;) {
      {
        std::unique_lock lock{mutex_};
        wake_.wait(lock, stop, [this] { return wanted_; });
        if (!std::exchange(wanted_, false)) return;
      }
      ::fdatasync(file);
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool wanted_ = false;
  std::jthread thread_;
};

Error unusable(const std::string& where, const std::string& why) {
  return {ErrorKind::retryable, "cannot keep what is found out in '" + where + "': " + why};
}

}  // namespace

fs::path ledger_directory(const fs::path& data_directory) { return data_directory / "searches"; }

std::vector<LedgerContents> read_ledgers(const fs::path& directory) {
  std::vector<LedgerContents> all;
  for (const fs::path& file : files_in(directory)) {
    if (auto contents = read_file(file)) all.push_back(std::move(*contents));
  }
  std::ranges::stable_sort(all, std::greater<>{}, [](const LedgerContents& one) { return one.head.began; });
  return all;
}

Result<std::size_t> prune_ledgers(const fs::path& directory, std::optional<Clock::time_point> before) {
  std::size_t removed = 0;
  for (const fs::path& path : files_in(directory)) {
    const files::UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) continue;
    if (before && Clock::from_time_t(status.st_mtime) >= *before) continue;
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) continue;
    if (::unlink(path.c_str()) != 0) {
      return fail(ErrorKind::retryable, "cannot remove '" + path.string() + "': " + reason());
    }
    ++removed;
  }
  return removed;
}

// ---- the own one

struct Ledger::Impl {
  std::string name;
  fs::path path;
  files::UniqueFd file;
  std::string pending;  ///< could not be written
  std::unique_ptr<Saver> saver;

  Result<void> write(const std::string& line) {
    pending += line;
    while (!pending.empty()) {
      const ssize_t written = ::write(file.get(), pending.data(), pending.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return tl::unexpected{unusable(path.string(), reason())};
      if (static_cast<std::size_t>(written) == pending.size()) {
        pending.clear();
      } else {  // the disk is full, and this line may be cut off: it is written again as a whole
        return tl::unexpected{unusable(path.string(), std::error_code{ENOSPC, std::generic_category()}.message())};
      }
    }
    return {};
  }
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::begin(const fs::path& directory, const LedgerHead& head) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return tl::unexpected{unusable(directory.string(), error.message())};
  auto impl = std::make_unique<Impl>();
  const std::string first = stamp(head.began) + "-" + std::to_string(::getpid());
  constexpr int most_tries = 100;
  for (int number = 0; number < most_tries && !impl->file; ++number) {
    impl->name = first + (number == 0 ? "" : "-" + std::to_string(number));
    impl->path = directory / (impl->name + "." + mark_of(head.question) + std::string{ending});
    impl->file = files::UniqueFd{
        ::open(impl->path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR)};
    if (!impl->file && errno != EEXIST) break;
  }
  if (!impl->file) return tl::unexpected{unusable(directory.string(), reason())};
  ::flock(impl->file.get(), LOCK_EX | LOCK_NB);  // a file system without locks is used without
  impl->saver = std::make_unique<Saver>(impl->file.get());
  if (auto written = impl->write(head_line(head)); !written) {
    ::unlink(impl->path.c_str());
    return tl::unexpected{written.error()};
  }
  return Ledger{std::move(impl)};
}

Result<Ledger> Ledger::go_on(const fs::path& directory, const std::string& name) {
  for (const fs::path& path : files_in(directory)) {
    if (name_in(path.filename()) != name) continue;
    auto impl = std::make_unique<Impl>();
    impl->name = name;
    impl->path = path;
    impl->file = files::UniqueFd{::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW)};
    if (!impl->file) return tl::unexpected{unusable(path.string(), reason())};
    if (::flock(impl->file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) break;
    impl->saver = std::make_unique<Saver>(impl->file.get());
    if (auto written = impl->write(line_of({go_on_word})); !written) return tl::unexpected{written.error()};
    return Ledger{std::move(impl)};
  }
  return fail(ErrorKind::not_found, "the search " + name + " goes on elsewhere");
}

const std::string& Ledger::name() const { return impl_->name; }

Result<void> Ledger::append(const LedgerVerdict& verdict) {
  Result<void> written = impl_->write(verdict_line(verdict));
  impl_->saver->save();
  return written;
}

Result<void> Ledger::take_back() { return impl_->write(line_of({take_back_word})); }
Result<void> Ledger::confirm() { return impl_->write(line_of({confirm_word})); }
Result<void> Ledger::found_flaky() { return impl_->write(line_of({flaky_word})); }
Result<void> Ledger::end(const LedgerEnd& end) { return impl_->write(end_line(end)); }
Result<void> Ledger::mark_kept() { return impl_->write(line_of({kept_word})); }

// ---- those of others

struct OtherLedgers::Impl {
  fs::path directory;
  std::string question;
  std::string shared;
  std::string own;
  std::map<fs::path, off_t> sizes;  ///< when it was last asked for news
  std::set<fs::path> in_database;   ///< from the beginning

  [[nodiscard]] std::vector<fs::path> files() const {
    std::vector<fs::path> found = files_in(directory);
    const std::string mark = "." + mark_of(question) + std::string{ending};
    std::erase_if(found, [&](const fs::path& path) {
      return !path.filename().string().ends_with(mark) || name_in(path.filename()) == own || in_database.contains(path);
    });
    return found;
  }
};

OtherLedgers::OtherLedgers(fs::path directory, std::string question, std::string shared, std::string own)
    : impl_{std::make_unique<Impl>()} {
  impl_->directory = std::move(directory);
  impl_->question = std::move(question);
  impl_->shared = std::move(shared);
  impl_->own = std::move(own);
  for (const fs::path& path : impl_->files()) {
    const std::optional<LedgerContents> contents = read_file(path);
    if (contents && contents->kept) impl_->in_database.insert(path);
  }
}
OtherLedgers::OtherLedgers(OtherLedgers&&) noexcept = default;
OtherLedgers& OtherLedgers::operator=(OtherLedgers&&) noexcept = default;
OtherLedgers::~OtherLedgers() = default;

bool OtherLedgers::have_news() {
  std::map<fs::path, off_t> sizes;
  for (const fs::path& path : impl_->files()) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) sizes[path] = status.st_size;
  }
  return std::exchange(impl_->sizes, sizes) != sizes;
}

std::vector<LedgerVerdict> OtherLedgers::read() const {
  std::vector<LedgerVerdict> all;
  for (const fs::path& path : impl_->files()) {
    const std::optional<LedgerContents> contents = read_file(path);
    if (!contents || contents->head.question != impl_->question) continue;
    for (LedgerVerdict one : contents->verdicts) {
      one.doubtful = one.doubtful || contents->head.shared != impl_->shared;
      all.push_back(std::move(one));
    }
  }
  return all;
}

}  // namespace nmz::history
