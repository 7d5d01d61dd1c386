#include "inputs.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "nmz/git/checkout_state.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t names_shown = 3;

/// What an argument may name: itself, FILE::test, --option=FILE.
std::vector<std::string> names_of(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  return {argument, argument.substr(0, argument.find("::")),
          equals == std::string::npos ? std::string{} : argument.substr(equals + 1)};
}

/// The words of a script that is an argument (sh -c '...').
std::vector<std::string> words_of(const std::string& script) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < script.size();) {
    const std::size_t end = std::min(script.find_first_of(" \t\n;&|()<>'\"`=", at), script.size());
    if (end > at) words.push_back(script.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// From the top of the work tree, of a name that is said at `prefix`; empty for what is elsewhere.
std::string from_top(const std::string& name, const git::Repository& repository, const std::string& prefix) {
  const fs::path named{name};
  const fs::path path = named.is_absolute() ? named.lexically_normal().lexically_relative(repository.work_tree())
                                            : (fs::path{prefix} / named).lexically_normal();
  const std::string text = path.string();
  return text == "." || text == ".." || text.starts_with("../") || text.ends_with('/') ? std::string{} : text;
}

/// Whether the path, or a directory that it is in, is in the list.
bool is_untracked(const std::string& path, const std::set<std::string>& untracked) {
  if (untracked.contains(path)) return true;
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    if (untracked.contains(path.substr(0, slash + 1))) return true;
  }
  return false;
}

/// What the command names and no commit has as it is now. A word of a script may be data that the commits differ in, so
/// of tracked files only arguments count. Neither does one that was tracked once, and is ignored today.
class NamedFiles {
 public:
  NamedFiles(const git::Repository& repository, std::string prefix, const git::CheckoutState& state,
             const git::Range& range)
      : repository_{repository},
        prefix_{std::move(prefix)},
        range_{range},
        untracked_{state.untracked.begin(), state.untracked.end()},
        changed_{state.changed.begin(), state.changed.end()} {}

  std::vector<std::string> files(const std::vector<std::string>& command) {
    for (const std::string& argument : command) {
      for (const std::string& name : names_of(argument)) look(name, true);
      for (const std::string& word : words_of(argument)) look(word, false);
    }
    return {found_.begin(), found_.end()};
  }

 private:
  void look(const std::string& name, bool may_be_tracked) {
    constexpr off_t most = off_t{64} << 20;  // of something untracked, which is seen anyway where there is a world
    const std::string path = name.empty() ? std::string{} : from_top(name, repository_, prefix_);
    struct stat status {};
    if (path.empty() || ::lstat((repository_.work_tree() / path).c_str(), &status) != 0) return;
    if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) return;
    const bool is_new =
        status.st_size <= most && is_untracked(path, untracked_) && (may_be_tracked || !was_tracked(name));
    if (is_new || (may_be_tracked && changed_.contains(path))) found_.insert(path);
  }

  [[nodiscard]] bool was_tracked(const std::string& name) const {
    const auto tracked_at = [&](const git::CommitId& commit) { return repository_.tracks(name, commit); };
    return tracked_at(range_.bad) || std::ranges::any_of(range_.goods, tracked_at);
  }

  const git::Repository& repository_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string prefix_;                 ///< where the command runs
  const git::Range& range_;            // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::set<std::string> untracked_;
  std::set<std::string> changed_;
  std::set<std::string> found_;
};

constexpr std::uintmax_t longest_script = std::uintmax_t{1} << 20;

std::string script_text(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > longest_script || error) return {};
  std::ostringstream content;
  content << std::ifstream{path, std::ios::binary}.rdbuf();
  return std::move(content).str();
}

/// The checkout's path as scripts write it.
std::vector<std::string> spellings(const std::string& checkout) {
  std::vector<std::string> result{checkout};
  const char* const home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  const std::string top = home == nullptr ? std::string{} : home;
  if (!top.empty() && top != "/" && checkout.starts_with(top + '/')) {
    for (const char* name : {"~", "$HOME", "${HOME}"}) result.push_back(name + checkout.substr(top.size()));
  }
  return result;
}

}  // namespace

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), names_shown); ++i) {
    text += fmt::format("{}'{}'", i == 0 ? "" : ", ", text::printable(names[i]));
  }
  if (names.size() > names_shown) text += fmt::format(" and {} more", names.size() - names_shown);
  return text;
}

std::vector<std::string> words_of_argument(const std::string& argument) {
  std::vector<std::string> words = names_of(argument);
  for (std::string& word : words_of(argument)) words.push_back(std::move(word));
  return words;
}

bool speaks_of_the_checkout(const Options& options, const git::Repository& repository) {
  std::string checkout = repository.work_tree();
  while (checkout.ends_with('/')) checkout.pop_back();
  if (checkout.empty()) return false;
  std::vector<std::string> texts{options.build};
  for (const std::string& argument : options.command) {
    std::error_code error;
    if (!fs::is_regular_file(argument, error)) texts.push_back(argument);
    texts.push_back(script_text(argument));
  }
  const std::vector<std::string> names = spellings(checkout);
  return std::ranges::any_of(texts, [&](const std::string& text) {
    return std::ranges::any_of(names, [&](const std::string& name) { return text.find(name) != std::string::npos; });
  });
}

namespace {

Result<Inputs> read_checkout(const Options& options, const git::Repository& repository, const git::Range& range) {
  Inputs inputs;
  if (options.pristine || repository.work_tree().empty()) return inputs;
  auto state = git::checkout_state(repository);
  if (!state) {  // a damaged index, say: the commits can be tested without it
    inputs.notes.push_back("nothing of the checkout is seen by the tests: " + state.error().message);
    return inputs;
  }
  const std::string prefix = options.from_top ? std::string{} : repository.prefix();
  const std::vector<std::string> named = NamedFiles{repository, prefix, *state, range}.files(options.command);
  if (!named.empty()) {
    inputs.notes.push_back(fmt::format("{} {} not committed: every commit is tested with {} as {} now", listed(named),
                                       named.size() == 1 ? "is" : "are", named.size() == 1 ? "it" : "them",
                                       named.size() == 1 ? "it is" : "they are"));
  }
  std::set<std::string> paths{named.begin(), named.end()};
  for (const std::string& pathspec : options.overlays) {
    auto files = git::files_at(repository, pathspec);
    if (!files) return tl::unexpected<Error>{files.error()};
    if (files->empty()) return fail(ErrorKind::misconfigured, "--overlay '" + pathspec + "' matches no file here");
    paths.insert(files->begin(), files->end());
  }
  std::vector<git::TodaysFile> today;
  for (const std::string& path : paths) {
    auto file = git::todays_file(repository.work_tree(), path);
    if (!file) return tl::unexpected<Error>{file.error()};
    today.push_back(std::move(*file));
  }
  std::erase_if(state->changed, [&](const std::string& path) { return paths.contains(path); });
  if (!state->changed.empty()) {
    inputs.notes.push_back(
        fmt::format("uncommitted changes to {} are not part of the test (--overlay PATHSPEC puts "
                    "today's version of these paths on every commit)",
                    listed(state->changed)));
  }
  if (!today.empty()) inputs.today = std::make_shared<const std::vector<git::TodaysFile>>(std::move(today));
  inputs.untracked = std::move(state->untracked);
  return inputs;
}

/// One path for the agent: of a file that is read when it is sent; nothing for what is no file.
std::optional<git::TodaysFile> file_to_send(const fs::path& top, const std::string& path) {
  git::TodaysFile file;
  file.path = path;
  file.below = top;
  struct stat status {};
  if (::lstat((top / path).c_str(), &status) != 0) return std::nullopt;
  if (S_ISLNK(status.st_mode)) {
    file.mode = wire::FileMode::symlink;
  } else if (!S_ISREG(status.st_mode)) {
    return std::nullopt;
  } else if ((status.st_mode & S_IXUSR) != 0) {
    file.mode = wire::FileMode::executable;
  }
  return file;
}

/// What --with names.
Result<void> add_with(const std::string& name, const git::Repository& repository, std::vector<git::TodaysFile>& today) {
  std::string path =
      from_top(name.ends_with('/') ? name.substr(0, name.size() - 1) : name, repository, repository.prefix());
  const fs::path& top = repository.work_tree();
  std::error_code error;
  const fs::file_status status = fs::symlink_status(top / path, error);
  if (path.empty() || !fs::exists(status)) {
    return fail(ErrorKind::misconfigured, "--with '" + name + "' is no file or directory in the checkout");
  }
  const auto add = [&](const std::string& one) {
    if (auto file = file_to_send(top, one)) today.push_back(std::move(*file));
  };
  if (!fs::is_directory(status)) {
    add(path);
    return {};
  }
  for (fs::recursive_directory_iterator it{top / path, error}, end; !error && it != end; it.increment(error)) {
    if (it->path().filename() == ".git") {
      it.disable_recursion_pending();
    } else {
      add(it->path().lexically_relative(top).string());
    }
  }
  if (error) return fail(ErrorKind::misconfigured, "--with '" + name + "': " + error.message());
  return {};
}

}  // namespace

Result<Inputs> read_inputs(const Options& options, const git::Repository& repository, const git::Range& range) {
  if (options.no_checkout) return Inputs{};
  auto inputs = read_checkout(options, repository, range);
  if (!inputs || options.with.empty()) return inputs;
  std::vector<git::TodaysFile> today;
  if (inputs->today) today = *inputs->today;
  for (const std::string& name : options.with) {
    if (auto added = add_with(name, repository, today); !added) return tl::unexpected<Error>{added.error()};
  }
  std::ranges::stable_sort(today, {}, &git::TodaysFile::path);
  const auto same = [](const git::TodaysFile& one, const git::TodaysFile& other) { return one.path == other.path; };
  today.erase(std::unique(today.begin(), today.end(), same), today.end());
  inputs->today = std::make_shared<const std::vector<git::TodaysFile>>(std::move(today));
  return inputs;
}

}  // namespace nmz::nmzbisect
