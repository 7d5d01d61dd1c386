// See repository.hpp. All is asked for at once; where a path contains the newline that separates it from the next,
// there are more lines than questions, and each is asked for by itself.
#include "nmz/git/repository.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "git_process.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

tl::unexpected<Error> cannot_open(const fs::path& directory, std::string_view err) {
  const std::string where = directory.string();
  if (contains(err, "not a git repository")) {
    return fail(ErrorKind::misconfigured,
                fmt::format("not a git repository (or any of the parent directories): {}", where));
  }
  if (contains(err, "dubious ownership")) {
    const std::size_t begin = err.find("git config --global --add safe.directory");
    const std::string_view remedy =
        begin == std::string_view::npos ? "see safe.directory in git-config(1)" : err.substr(begin);
    return fail(ErrorKind::misconfigured, fmt::format("the repository belongs to another user; if you trust it: {}",
                                                      remedy.substr(0, remedy.find('\n'))));
  }
  if (contains(err, "unknown repository extension")) {
    const std::size_t name = err.find_first_not_of(" \t\n:", err.find("found") + 5);
    return fail(
        ErrorKind::misconfigured,
        fmt::format("this git does not know the repository's extension {}: {}",
                    name == std::string_view::npos ? "" : without_newline(std::string{err.substr(name)}), where));
  }
  return fail(ErrorKind::misconfigured, fmt::format("{}: {}", where, complaint(err)));
}

/// `git rev-parse` before there is a Repository: GIT_DIR and its relatives still count.
class Opening {
 public:
  explicit Opening(fs::path directory) : directory_{std::move(directory)} {}

  Result<std::string> ask(std::vector<std::string> options) const {
    GitCommand command;
    command.arguments = {"rev-parse", "--path-format=absolute"};
    command.arguments.insert(command.arguments.end(), options.begin(), options.end());
    command.directory = directory_;
    Result<GitText> text = run_git(command);
    if (!text) {
      return tl::unexpected{text.error()};
    }
    if (text->exit_code != 0) {
      return cannot_open(directory_, text->err);
    }
    return without_newline(std::move(text->out));
  }

 private:
  fs::path directory_;
};

/// What git says of a repository.
struct Answers {
  std::string object_format;
  std::string shallow;
  std::string git_dir;
  std::string common_dir;
  std::string prefix;
  std::string work_tree;
};

/// Nothing when the answers cannot be told apart, or when there is no work tree.
std::optional<Answers> ask_at_once(const Opening& opening) {
  const Result<std::string> text = opening.ask({"--show-object-format", "--is-shallow-repository", "--git-dir",
                                                "--git-common-dir", "--show-prefix", "--show-toplevel"});
  Answers answers;
  const std::array<std::string*, 6> places{&answers.object_format, &answers.shallow, &answers.git_dir,
                                           &answers.common_dir,    &answers.prefix,  &answers.work_tree};
  if (!text || std::ranges::count(*text, '\n') != static_cast<std::ptrdiff_t>(places.size() - 1)) {
    return std::nullopt;
  }
  std::istringstream lines{*text};
  for (std::string* place : places) {
    std::getline(lines, *place);
  }
  return answers;
}

Result<Answers> ask_one_by_one(const Opening& opening) {
  Answers answers;
  const Result<std::string> flags = opening.ask({"--show-object-format", "--is-shallow-repository"});
  if (!flags) {
    return tl::unexpected{flags.error()};
  }
  answers.object_format = flags->substr(0, flags->find('\n'));
  answers.shallow = flags->substr(flags->find('\n') + 1);
  Result<std::string> git_dir = opening.ask({"--git-dir"});
  Result<std::string> common_dir = opening.ask({"--git-common-dir"});
  if (!git_dir || !common_dir) {
    return tl::unexpected{git_dir ? common_dir.error() : git_dir.error()};
  }
  answers.git_dir = std::move(*git_dir);
  answers.common_dir = std::move(*common_dir);
  // Fails in a bare repository and inside of a ".git" directory: there is no work tree then.
  if (Result<std::string> work_tree = opening.ask({"--show-toplevel"})) {
    Result<std::string> prefix = opening.ask({"--show-prefix"});
    if (!prefix) {
      return tl::unexpected{prefix.error()};
    }
    answers.work_tree = std::move(*work_tree);
    answers.prefix = std::move(*prefix);
  }
  return answers;
}

tl::unexpected<Error> no_such_revision(const Repository& repository, const std::string& revision,
                                       std::string_view err) {
  if (contains(err, "is ambiguous")) {
    return fail(ErrorKind::misconfigured, fmt::format("ambiguous revision: {} (give more digits)", revision));
  }
  return fail(ErrorKind::misconfigured,
              fmt::format("no such commit: {}{}", revision,
                          repository.shallow() ? " (this clone is shallow: git fetch --unshallow)" : ""));
}

}  // namespace

Result<Repository> Repository::open(const fs::path& directory) {
  std::error_code error;
  Repository repository;
  repository.start_directory_ = fs::absolute(directory, error);
  if (error || !fs::is_directory(repository.start_directory_, error)) {
    return fail(ErrorKind::misconfigured, "no such directory: " + directory.string());
  }
  const Opening opening{repository.start_directory_};
  std::optional<Answers> at_once = ask_at_once(opening);
  Result<Answers> answers = at_once ? Result<Answers>{std::move(*at_once)} : ask_one_by_one(opening);
  if (!answers) {
    return tl::unexpected{answers.error()};
  }
  if (answers->object_format != "sha1") {
    return fail(ErrorKind::misconfigured,
                "repositories with SHA-256 object names are not supported: " + directory.string());
  }
  repository.shallow_ = answers->shallow == "true";
  repository.git_dir_ = std::move(answers->git_dir);
  repository.common_dir_ = std::move(answers->common_dir);
  repository.work_tree_ = std::move(answers->work_tree);
  repository.prefix_ = answers->prefix.substr(0, answers->prefix.find_last_not_of('/') + 1);
  return repository;
}

Result<CommitId> Repository::commit(const std::string& revision) const {
  // ":/text^{commit}" would look for "text^{commit}" in the messages; everything else is peeled by the suffix, which
  // also lets an abbreviation that a blob shares mean the commit.
  const bool text_search = revision.starts_with(":/");
  const std::string suffix{text_search ? "" : "^{commit}"};
  Result<GitText> text = run_git(git_command(*this, {"rev-parse", "--verify", "--end-of-options", revision + suffix}));
  if (!text) {
    return tl::unexpected{text.error()};
  }
  if (text->exit_code != 0) {
    return no_such_revision(*this, revision, text->err);
  }
  const std::optional<CommitId> id = CommitId::parse(without_newline(std::move(text->out)));
  if (!id) {
    return fail(ErrorKind::misconfigured, fmt::format("not a single commit: {}", revision));
  }
  return *id;
}

Result<std::vector<CommitId>> Repository::parents(const CommitId& id) const {
  const Result<std::string> line =
      git_output(git_command(*this, {"rev-list", "--parents", "--max-count=1", id.hex(), "--"}), ErrorKind::rejected);
  if (!line) {
    return tl::unexpected{line.error()};
  }
  std::vector<CommitId> parents;
  std::istringstream words{*line};
  std::string word;
  for (words >> word; words >> word;) {
    if (const std::optional<CommitId> parent = CommitId::parse(word)) {
      parents.push_back(*parent);
    }
  }
  return parents;
}

Result<std::string> Repository::closing(const CommitId& id) const {
  return git_output(git_command(*this, {"log", "--max-count=1", "--no-show-signature", "--no-color", "--no-decorate",
                                        "--no-notes", "--no-ext-diff", "--no-textconv", "--pretty=medium", "--root",
                                        "--stat", "--summary", "--cc", id.hex(), "--"}),
                    ErrorKind::rejected);
}

Result<std::string> Repository::patch(const CommitId& id) const {
  constexpr std::size_t most = std::size_t{256} << 10;
  std::string text;
  bool cut = false;
  const auto take = [&](std::string_view line) {
    cut = text.size() + line.size() >= most;
    if (!cut) text.append(line).push_back('\n');
    return !cut;
  };
  const auto end = run_git(git_command(*this, {"log", "--max-count=1", "--no-show-signature", "--no-color",
                                               "--no-decorate", "--no-notes", "--no-ext-diff", "--no-textconv",
                                               "--pretty=format:", "--root", "--patch", "--cc", id.hex(), "--"}),
                           take);
  if (!end) return tl::unexpected{end.error()};
  if (cut) return text + "[... the rest is left out here ...]\n";
  if (end->exit_code != 0) return fail(ErrorKind::rejected, complaint(end->err));
  return text;
}

bool Repository::tracks(const std::string& path, const CommitId& at) const {
  const auto lists = [this](std::vector<std::string> arguments) {
    const Result<GitText> text = run_git(git_command(*this, std::move(arguments)));
    return text && text->exit_code == 0 && !text->out.empty();
  };
  return (!work_tree_.empty() && lists({"--literal-pathspecs", "ls-files", "-z", "--", path})) ||
         lists({"--literal-pathspecs", "ls-tree", "-z", "--name-only", at.hex(), "--", path});
}

}  // namespace nmz::git
