#include "queue.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "nmz/installation/user_directories.hpp"

namespace nmz::hook {
namespace fs = std::filesystem;
namespace {

using files::UniqueFd;
constexpr std::chrono::seconds patience{10};  ///< with who changes the queue, which takes an instant

UniqueFd open_lock(const fs::path& path) {
  return UniqueFd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)};
}

bool usable(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory / "queue", error);
  return fs::is_directory(directory / "queue", error) && ::access((directory / "queue").c_str(), W_OK | X_OK) == 0;
}

std::string name_from_hash(const std::string& text) { return fmt::format("{:016x}", std::hash<std::string>{}(text)); }

}  // namespace

std::string text_of(const Entry& entry) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n", entry.event, entry.ref, entry.from, entry.to, entry.begun);
}

std::optional<Entry> entry_of(const std::string& text) {
  std::istringstream lines{text};
  Entry entry;
  std::string begun;
  for (std::string* member : {&entry.event, &entry.ref, &entry.from, &entry.to, &begun}) {
    if (!std::getline(lines, *member)) return std::nullopt;
  }
  const auto [end, error] = std::from_chars(begun.data(), begun.data() + begun.size(), entry.begun);
  const bool whole = error == std::errc{} && end == begun.data() + begun.size() && text.ends_with('\n');
  return whole && !entry.ref.empty() && !entry.to.empty() ? std::optional{entry} : std::nullopt;
}

std::string file_name(const std::string& ref) {
  constexpr std::size_t longest = 180;
  std::string name;
  for (const char byte : ref) {
    const auto value = static_cast<unsigned char>(byte);
    const bool plain = std::isalnum(value) != 0 || byte == '-' || byte == '_' || byte == '.';
    name += plain ? std::string{byte} : fmt::format("%{:02x}", value);
  }
  return name.size() <= longest ? name : name.substr(0, longest) + '-' + name_from_hash(ref);
}

Entry superseded(const Entry& waiting, Entry later) {
  later.from = waiting.from;
  later.begun = 0;
  return later;
}

Result<Queue> Queue::open(const Places& places) {
  fs::path directory = places.git_dir / "nmz";
  if (usable(directory)) return Queue{std::move(directory)};
  const Result<fs::path> state = installation::state_directory();
  if (!state) return tl::unexpected{state.error()};
  fs::path elsewhere = *state / "hooks" / (places.git_dir.filename().string() + '-' + name_from_hash(places.git_dir));
  if (usable(elsewhere)) return Queue{std::move(elsewhere)};
  return fail(ErrorKind::misconfigured, "cannot write '" + directory.string() + "', nor '" + elsewhere.string() + "'");
}

UniqueFd Queue::lock() const {
  UniqueFd file = open_lock(directory_ / "lock");
  const auto until = std::chrono::steady_clock::now() + patience;
  while (file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= until) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return file;
}

std::optional<Entry> Queue::read(const fs::path& file) const {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  std::ifstream stream{file, std::ios::binary};
  return entry_of({std::istreambuf_iterator<char>{stream}, {}});
}

Result<void> Queue::write(const Entry& entry) const {
  const fs::path fresh = directory_ / "fresh";
  const std::string text = text_of(entry);
  UniqueFd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666)};
  const bool written = file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       file.close_checked() == 0 && ::rename(fresh.c_str(), path(entry.ref).c_str()) == 0;
  if (written) return {};
  const std::string why = std::generic_category().message(errno);
  ::unlink(fresh.c_str());
  return fail(ErrorKind::retryable, "cannot queue it in '" + directory_.string() + "': " + why);
}

Result<void> Queue::put(const Entry& entry) {
  const UniqueFd held = lock();
  if (!held) return fail(ErrorKind::retryable, "'" + (directory_ / "lock").string() + "' is held by another program");
  const std::optional<Entry> there = read(path(entry.ref));
  return write(there ? superseded(*there, entry) : entry);
}

void Queue::forget(const std::string& ref) {
  const UniqueFd held = lock();
  if (held) ::unlink(path(ref).c_str());
}

bool Queue::begin() {
  const UniqueFd held = lock();
  UniqueFd runner = open_lock(directory_ / "runner");
  if (!held || !runner || ::flock(runner.get(), LOCK_EX | LOCK_NB) != 0) return false;
  runner_ = std::move(runner);
  return true;
}

std::vector<Entry> Queue::waiting() const {
  std::vector<std::tuple<fs::file_time_type, std::string, Entry>> found;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator{directory_ / "queue", error}) {
    if (const std::optional<Entry> entry = read(file.path())) {
      found.emplace_back(file.last_write_time(error), entry->ref, *entry);
    }
  }
  std::ranges::sort(found, [](const auto& one, const auto& other) {
    return std::tie(std::get<0>(one), std::get<1>(one)) < std::tie(std::get<0>(other), std::get<1>(other));
  });
  std::vector<Entry> entries;
  entries.reserve(found.size());
  for (auto& [when, ref, entry] : found) entries.push_back(std::move(entry));
  return entries;
}

std::optional<Entry> Queue::next() {
  const UniqueFd held = lock();
  std::vector<Entry> all = held ? waiting() : std::vector<Entry>{};
  if (all.empty()) {
    runner_.reset();
    return std::nullopt;
  }
  ++all.front().begun;
  static_cast<void>(write(all.front()).has_value());  // a full disk: it is not counted, and tried
  return all.front();
}

void Queue::done(const Entry& entry, bool good) {
  const UniqueFd held = lock();
  if (!held) return;
  std::optional<Entry> there = read(path(entry.ref));
  if (!there) return;
  if (there->to == entry.to) {
    ::unlink(path(entry.ref).c_str());
  } else if (good) {
    there->from = entry.to;
    static_cast<void>(write(*there).has_value());
  }
}

}  // namespace nmz::hook
