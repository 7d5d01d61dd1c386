// See sent_git_dir.hpp. The layout: gitrepository-layout(5), and for submodules gitsubmodules(7).
#include "nmz/git/sent_git_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "config_text.hpp"
#include "git_process.hpp"
#include "object_reader.hpp"
#include "scratch_directory.hpp"
#include "short_history.hpp"
#include "worktree_index.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_history = 20'000;  ///< commits; of git's own repository 10 MB

Result<void> write(const fs::path& file, std::string_view content) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  std::ofstream out{file, std::ios::binary};
  out << content;
  out.close();
  return out ? Result<void>{} : fail(ErrorKind::retryable, fmt::format("cannot write {}", file.string()));
}

/// `input`: the objects, or with "--revs" what leads to them.
Result<void> pack(const ObjectSource& source, const fs::path& git_dir, const std::string& input,
                  std::vector<std::string> arguments = {}) {
  const fs::path place = git_dir / "objects/pack";
  std::error_code error;
  fs::create_directories(place, error);
  arguments.insert(arguments.begin(), {"pack-objects", "-q", "--non-empty", "--delta-base-offset", "--window=0"});
  arguments.push_back((place / "pack").string());
  GitCommand command = source.command(std::move(arguments));
  command.set.emplace_back("GIT_NO_REPLACE_OBJECTS=1");
  command.input = input;
  const Result<std::string> done = git_output(command, ErrorKind::retryable);
  return done ? Result<void>{} : tl::unexpected{done.error()};
}

Result<void> pack_commits(const ObjectSource& source, const fs::path& git_dir,
                          const std::unordered_set<CommitId>& commits, const std::vector<CommitId>& tags) {
  std::string input;
  for (const CommitId& id : commits) {
    input += id.hex() + '\n';
  }
  for (const CommitId& id : tags) {
    input += id.hex() + '\n';
  }
  return pack(source, git_dir, input);
}

/// What changes git's answers, said by the user's files, his own or the repository's. `git config -z` gives
/// "section.sub.name\nvalue".
std::string settings(const ObjectSource& source, const CommitId& commit) {
  // Nothing may be repacked: the files of other commits are missing.
  std::string text{
      "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
      "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"};
  // As long as they are with all objects.
  if (const auto id = git_output(source.command({"rev-parse", "--short", commit.hex()}), ErrorKind::retryable)) {
    text += fmt::format("\tabbrev = {}\n", without_newline(*id).size());
  }
  const Result<GitText> listed = run_git(source.command(
      {"config", "-z", "--get-regexp", R"(^(core\.(abbrev|autocrlf|eol|safecrlf|quotepath)|user\.(name|email))$)"}));
  std::istringstream values{listed ? listed->out : std::string{}};
  for (std::string value; std::getline(values, value, '\0');) {
    const std::size_t dot = value.find('.');
    const std::size_t line = std::min(value.find('\n'), value.size());
    text += fmt::format("[{}]\n\t{} = {}\n", value.substr(0, dot), value.substr(dot + 1, line - dot - 1),
                        line == value.size() ? "true" : config_value(value.substr(line + 1)));
  }
  return text;
}

std::vector<fs::path> files_below(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at{directory, error}, end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) {
      files.push_back(at->path().lexically_relative(directory));
    }
  }
  return files;
}

}  // namespace

struct SentGitDir::Impl {
  /// What one repository's commits have in common.
  struct Base {
    fs::path place;  ///< the files are below it, at their paths in the tree
    CommitId commit;
    ShortHistory history;
  };
  /// A repository at the commit: the top one, or a submodule.
  struct Level {
    ObjectSource& source;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    CommitId commit;
    std::string tree;  ///< "" or "a/b"
    std::string git;   ///< ".git" or ".git/modules/NAME"
  };
  /// What is made for one commit.
  struct Made {
    fs::path place;
    std::vector<fs::path> bases;
  };

  std::vector<CommitId> tips;
  std::vector<CommitId> subjects;
  fs::path scratch;
  std::mutex mutex;
  std::map<std::string, Base> bases;  ///< by the git directories, there and here
  std::map<CommitId, Made> commits;

  Result<const Base*> base(const Level& level);
  Result<Base> make_base(const Level& level) const;
  Result<const Made*> made(ObjectReader::Impl& reader, const CommitId& commit);
  Result<void> make(ObjectReader::Impl& reader, const Level& level, Made& out);
  static Result<void> make_history(const Level& level, const Base& base, const fs::path& git_dir);
  Result<void> make_submodules(ObjectReader::Impl& reader, const Level& level, const Base& base,
                               const WorktreeIndex& index, Made& out);
};

/// The first commit that is asked for is what the others of a submodule are compared with.
Result<SentGitDir::Impl::Base> SentGitDir::Impl::make_base(const Level& level) const {
  const bool top = level.tree.empty();
  Base base;
  base.place = scratch / fmt::format("base-{}", bases.size());
  base.commit = top ? tips.front() : level.commit;
  Result<ShortHistory> history = short_history(level.source, top ? tips : std::vector<CommitId>{level.commit},
                                               top ? subjects : std::vector<CommitId>{}, longest_history);
  if (!history) {
    return tl::unexpected{history.error()};
  }
  base.history = std::move(*history);
  const Result<ShortRefs> refs = refs_into(level.source, base.history);
  if (!refs) {
    return tl::unexpected{refs.error()};
  }
  const fs::path git_dir = base.place / level.git;
  std::string config = settings(level.source, base.commit);
  if (!top) {
    config +=
        "[core]\n\tworktree = " + config_value(fs::path{level.tree}.lexically_relative(level.git).string()) + '\n';
  }
  // Without a directory refs it is none of git's.
  return write(git_dir / "config", config)
      .and_then([&] { return write(git_dir / "packed-refs", refs->packed); })
      .and_then([&] { return write(git_dir / "refs/.keep", ""); })
      .and_then([&] { return pack_commits(level.source, git_dir, base.history.commits, refs->tags); })
      .and_then([&] { return pack(level.source, git_dir, base.commit.hex() + "^{tree}\n", {"--revs"}); })
      .map([&] { return std::move(base); });
}

Result<const SentGitDir::Impl::Base*> SentGitDir::Impl::base(const Level& level) {
  const std::string key = level.git + '\n' + level.tree + '\n' + level.source.place().git_dir.string();
  auto known = bases.find(key);
  if (known == bases.end()) {
    Result<Base> made = make_base(level);
    if (!made) {
      return tl::unexpected{made.error()};
    }
    known = bases.emplace(key, std::move(*made)).first;
  }
  return &known->second;
}

/// Commits that the base does not have, and where the history ends.
Result<void> SentGitDir::Impl::make_history(const Level& level, const Base& base, const fs::path& git_dir) {
  std::unordered_set<CommitId> shallow = base.history.shallow;
  if (!base.history.commits.contains(level.commit)) {
    Result<ShortHistory> own = short_history(level.source, {level.commit}, {}, longest_history);
    if (!own) {
      return tl::unexpected{own.error()};
    }
    std::erase_if(own->commits, [&](const CommitId& id) { return base.history.commits.contains(id); });
    std::erase_if(own->shallow, [&](const CommitId& id) { return base.history.commits.contains(id); });
    shallow.insert(own->shallow.begin(), own->shallow.end());
    if (Result<void> packed = pack_commits(level.source, git_dir, own->commits, {}); !packed) {
      return packed;
    }
  }
  std::string lines;
  for (const CommitId& id : shallow) {
    lines += id.hex() + '\n';
  }
  return lines.empty() ? Result<void>{} : write(git_dir / "shallow", lines);
}

Result<void> SentGitDir::Impl::make(ObjectReader::Impl& reader, const Level& level, Made& out) {
  const Result<const Base*> found = base(level);
  if (!found) {
    return tl::unexpected{found.error()};
  }
  const Base& base = **found;
  out.bases.push_back(base.place);
  const fs::path git_dir = out.place / level.git;
  const std::string difference = level.commit.hex() + "^{tree}\n^" + base.commit.hex() + "^{tree}\n";
  Result<void> done = write(git_dir / "HEAD", level.commit.hex() + '\n')
                          .and_then([&] { return make_history(level, base, git_dir); })
                          .and_then([&] { return pack(level.source, git_dir, difference, {"--revs"}); });
  if (!done) {
    return done;
  }
  Result<WorktreeIndex> index = WorktreeIndex::create(git_dir / "index", (git_dir / "index").string());
  if (!index) {
    return tl::unexpected{index.error()};
  }
  // What `lstat` says of the files there is not known here: git looks at them once more.
  return index->fill(level.source, level.commit, scratch / "nowhere")
      .and_then([&] { return index->write(); })
      .and_then([&] { return make_submodules(reader, level, base, *index, out); });
}

Result<void> SentGitDir::Impl::make_submodules(ObjectReader::Impl& reader, const Level& level, const Base& base,
                                               const WorktreeIndex& index, Made& out) {
  const std::optional<git_oid> modules = index.blob_at(".gitmodules");
  std::string active;
  for (const auto& [path, commit] : index.submodules()) {
    std::string name = path;
    if (modules) {
      const auto& names = level.source.submodule_names(*modules);
      const auto known = names.find(path);
      name = known == names.end() ? path : known->second;
    }
    ObjectSource* const source = reader.submodules.find(level.source, name, path, commit);
    if (source == nullptr || !is_safe_submodule_name(name)) {
      continue;
    }
    const std::string tree = level.tree.empty() ? path : level.tree + '/' + path;
    const std::string git = level.git + "/modules/" + name;
    const std::string link = "gitdir: " + fs::path{git}.lexically_relative(tree).string() + '\n';
    Result<void> done = write(out.place / tree / ".git", link).and_then([&, &there = commit] {
      return make(reader, {*source, there, tree, git}, out);
    });
    if (!done) {
      return done;
    }
    active += fmt::format("[submodule {}]\n\tactive = true\n", config_value(name));
  }
  if (active.empty()) {
    return {};
  }
  std::ostringstream common;
  common << std::ifstream{base.place / level.git / "config", std::ios::binary}.rdbuf();
  return write(out.place / level.git / "config", common.str() + active);
}

Result<const SentGitDir::Impl::Made*> SentGitDir::Impl::made(ObjectReader::Impl& reader, const CommitId& commit) {
  if (const auto known = commits.find(commit); known != commits.end()) {
    return &known->second;
  }
  Made one;
  one.place = scratch / commit.hex();
  if (Result<void> done = make(reader, {*reader.source, commit, "", ".git"}, one); !done) {
    remove_directory(one.place);
    return tl::unexpected{done.error()};
  }
  return &commits.emplace(commit, std::move(one)).first->second;
}

SentGitDir::SentGitDir(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
SentGitDir::~SentGitDir() { remove_directory(impl_->scratch); }

Result<std::shared_ptr<const SentGitDir>> SentGitDir::create(std::vector<CommitId> tips,
                                                             std::vector<CommitId> subjects) {
  Result<fs::path> scratch = fresh_directory({}, "git directories");
  if (!scratch) {
    return tl::unexpected{scratch.error()};
  }
  auto impl = std::make_unique<Impl>();
  impl->scratch = std::move(*scratch);
  impl->tips = std::move(tips);
  impl->subjects = std::move(subjects);
  return std::shared_ptr<const SentGitDir>{new SentGitDir{std::move(impl)}};
}

Result<std::vector<TodaysFile>> SentGitDir::files(ObjectReader& reader, const CommitId& commit) const {
  const std::unique_lock lock{impl_->mutex};
  const Result<const Impl::Made*> made = impl_->made(reader.impl(), commit);
  if (!made) {
    return tl::unexpected{made.error()};
  }
  std::map<std::string, TodaysFile> files;  // a commit's own file goes before what is common
  std::vector<fs::path> places{(*made)->place};
  places.insert(places.end(), (*made)->bases.begin(), (*made)->bases.end());
  for (const fs::path& place : places) {
    for (const fs::path& path : files_below(place)) {
      TodaysFile file;
      file.path = path.string();
      file.below = place;
      file.git = true;
      files.emplace(file.path, std::move(file));
    }
  }
  std::vector<TodaysFile> result;
  result.reserve(files.size());
  for (auto& [path, file] : files) {
    result.push_back(std::move(file));
  }
  return result;
}

}  // namespace nmz::git
