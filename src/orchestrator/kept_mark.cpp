// See kept_mark.hpp.
#include "kept_mark.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/listing.hpp"
#include "nmz/files/unique_fd.hpp"
#include "nmz/wire/kept_tree.hpp"

#include "run_mark.hpp"

namespace nmz::orchestrator {
namespace {

using files::UniqueFd;

constexpr std::string_view first_word = "Work trees of Namazu Swarm that are kept for the next search; format 2.";
constexpr std::string_view last_word = "end";
constexpr const char* tree_name = "tree";
constexpr const char* title_name = "title";
constexpr std::size_t longest = std::size_t{4} << 20;

/// Bytes of a manifest for each file that was laid out, at least.
constexpr std::uint64_t least_entry = 72;
/// As many files that tests have made are never too many.
constexpr std::uint64_t few_files = 1000;

UniqueFd open_below(int directory, const std::string& name) {
  return UniqueFd{::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

bool is_worker(const std::string& name) {
  return name.size() > 1 && name.front() == 'w' && name.find_first_not_of("0123456789", 1) == std::string::npos;
}

struct Amount {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};

/// Not into what is mounted, nor into what cannot be opened (because it may not be read, or is too deep).
void add_up(int directory, dev_t device, const files::Progress& progress, Amount& amount) {
  constexpr unsigned seldom = 128;
  for (const std::string& name : files::names_in(directory)) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_dev != device) continue;
    constexpr std::uint64_t block = 512;
    amount.bytes += static_cast<std::uint64_t>(status.st_blocks) * block;
    if (++amount.entries % seldom == 0) progress();
    if (!S_ISDIR(status.st_mode)) continue;
    if (const UniqueFd below = open_below(directory, name)) add_up(below.get(), device, progress, amount);
  }
}

/// What is in the worker's tree; nothing when it is not worth keeping.
std::optional<std::uint64_t> bytes_worth_keeping(int run, const std::string& worker, const files::Progress& progress) {
  const UniqueFd directory = open_below(run, worker);
  const UniqueFd tree = directory ? open_below(directory.get(), tree_name) : UniqueFd{};
  struct stat manifest {};
  struct stat status {};
  if (!tree || ::fstatat(directory.get(), wire::manifest_name, &manifest, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(manifest.st_mode) || ::fstat(tree.get(), &status) != 0) {
    return std::nullopt;
  }
  Amount amount;
  add_up(tree.get(), status.st_dev, progress, amount);
  const std::uint64_t laid_out = static_cast<std::uint64_t>(manifest.st_size) / least_entry;
  return amount.entries <= 2 * laid_out + few_files ? std::optional{amount.bytes} : std::nullopt;
}

/// A file that only we write.
std::optional<std::string> read_own(int directory, const char* name) {
  const UniqueFd file{::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != ::geteuid() ||
      static_cast<std::size_t>(status.st_size) > longest) {
    return std::nullopt;
  }
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  return got == status.st_size ? std::optional{std::move(text)} : std::nullopt;
}

}  // namespace

std::string encode(const KeptTrees& trees) {
  std::string text;
  const auto put = [&text](std::string_view word) { text.append(word).push_back('\0'); };
  const auto put_list = [&](const std::vector<std::string>& list) {
    put(std::to_string(list.size()));
    for (const std::string& word : list) put(word);
  };
  put(first_word);
  put(trees.owner);
  put(trees.title);
  put_list(trees.words);
  put_list(trees.workers);
  std::vector<std::string> contents;
  for (const auto& [worker, content] : trees.contents) contents.insert(contents.end(), {worker, content});
  put_list(contents);
  put(std::to_string(trees.bytes));
  put(last_word);
  return text;
}

std::optional<KeptTrees> decode_kept(std::string_view text) {
  bool bad = false;
  const auto take = [&] {
    const std::size_t end = text.find('\0');
    bad = bad || end == std::string_view::npos;
    std::string word{bad ? std::string_view{} : text.substr(0, end)};
    if (!bad) text.remove_prefix(end + 1);
    return word;
  };
  const auto take_number = [&] {
    std::uint64_t number = 0;
    const std::string word = take();
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    bad = bad || error != std::errc{} || end != word.data() + word.size();
    return number;
  };
  const auto take_list = [&] {
    std::vector<std::string> list;
    for (std::uint64_t left = take_number(); left > 0 && !bad; --left) list.push_back(take());
    return list;
  };
  KeptTrees trees;
  bad = take() != first_word;
  trees.owner = take();
  trees.title = take();
  trees.words = take_list();
  trees.workers = take_list();
  const std::vector<std::string> contents = take_list();
  for (std::size_t i = 0; i + 1 < contents.size(); i += 2) trees.contents[contents[i]] = contents[i + 1];
  trees.bytes = take_number();
  bad = take() != last_word || bad || !text.empty();
  return bad ? std::nullopt : std::optional{std::move(trees)};
}

std::optional<KeptTrees> read_kept(int directory) {
  const std::optional<std::string> text = read_own(directory, kept_name);
  return text ? decode_kept(*text) : std::nullopt;
}

std::string read_title(int directory) { return read_own(directory, title_name).value_or(""); }

void write_title(int directory, const std::string& title) {
  const UniqueFd file{
      ::openat(directory, title_name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (file) static_cast<void>(::write(file.get(), title.data(), title.size()) == 0);
}

bool write_kept(int directory, const KeptTrees& trees) {
  constexpr const char* unfinished = "kept.new";
  const std::string text = encode(trees);
  if (text.size() > longest) return false;
  UniqueFd file{
      ::openat(directory, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         file.close_checked() == 0 && ::renameat(directory, unfinished, directory, kept_name) == 0;
}

bool drop_kept(int directory) { return ::unlinkat(directory, kept_name, 0) == 0 || errno == ENOENT; }

bool trim(int directory, int aside, KeptTrees& trees, const files::Progress& progress) {
  trees.workers.clear();
  trees.bytes = 0;
  const auto move = [aside](int from, const std::string& name, const std::string& to) {
    return ::renameat(from, name.c_str(), aside, to.c_str()) == 0;
  };
  for (const std::string& name : files::names_in(directory)) {
    if (name == lock_name) continue;
    const auto bytes = is_worker(name) ? bytes_worth_keeping(directory, name, progress) : std::nullopt;
    if (!bytes) {
      if (!move(directory, name, name)) return false;
      continue;
    }
    const UniqueFd worker = open_below(directory, name);
    for (const std::string& below : files::names_in(worker.get())) {
      const bool stays = below == tree_name || below == wire::manifest_name;
      if (!stays && !move(worker.get(), below, std::string{name}.append("-").append(below))) return false;
    }
    trees.workers.push_back(name);
    trees.bytes += *bytes;
  }
  std::ranges::sort(trees.workers);
  std::erase_if(trees.contents, [&](const auto& one) { return !std::ranges::binary_search(trees.workers, one.first); });
  return true;
}

}  // namespace nmz::orchestrator
