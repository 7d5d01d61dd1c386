#include "nmz/git/patches.hpp"

#include <atomic>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "nmz/git/checkout_state.hpp"

#include "git_process.hpp"
#include "scratch_directory.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

Result<std::string> read_patch(const fs::path& file, const std::string& as_typed) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream text;
  text << in.rdbuf();
  std::error_code error;
  if (!in.is_open() || !fs::is_regular_file(file, error)) {
    return fail(ErrorKind::misconfigured, fmt::format("cannot read the patch '{}'", as_typed));
  }
  std::string patch = std::move(text).str();
  if (patch.empty()) {
    return fail(ErrorKind::misconfigured, fmt::format("the patch '{}' is empty", as_typed));
  }
  return patch;
}

Result<void> list_commits(const Repository& repository, const std::string& range,
                          std::unordered_set<CommitId>& commits) {
  const std::size_t dots = range.find("..");
  if (dots == std::string::npos || range.find("...") != std::string::npos) {
    return fail(ErrorKind::misconfigured, fmt::format("'{}' is no range; write --patch-range A..B=FILE", range));
  }
  const std::string older = range.substr(0, dots);
  const std::string newer = range.substr(dots + 2);
  const Result<CommitId> from = repository.commit(older.empty() ? "HEAD" : older);
  if (!from) {
    return tl::unexpected{from.error()};
  }
  const Result<CommitId> to = repository.commit(newer.empty() ? "HEAD" : newer);
  if (!to) {
    return tl::unexpected{to.error()};
  }
  const Result<GitEnd> listed =
      run_git(git_command(repository, {"rev-list", to->hex(), '^' + from->hex()}), [&](std::string_view line) {
        const std::optional<CommitId> id = CommitId::parse(line);
        return id && commits.insert(*id).second;
      });
  if (!listed) {
    return tl::unexpected{listed.error()};
  }
  if (listed->exit_code != 0) {
    return fail(ErrorKind::misconfigured, complaint(listed->err));
  }
  return {};
}

}  // namespace

/// One commit's index and files, below a directory that goes with it.
class Patches::Bench {
 public:
  Bench(const Repository& repository, const fs::path& scratch) : repository_{repository}, scratch_{scratch} {
    static std::atomic<std::uint64_t> next{0};
    place_ = scratch / std::to_string(next++);
    std::error_code error;
    fs::create_directories(files(), error);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  Bench(Bench&&) = delete;
  Bench& operator=(Bench&&) = delete;
  ~Bench() { remove_directory(place_); }

  [[nodiscard]] fs::path files() const { return place_ / "files"; }

  /// git, with this index, nothing else of the user's work tree, and objects of its own.
  Result<std::string> git(std::vector<std::string> arguments, std::string_view input = {}) const {
    for (const char* setting : {"core.hooksPath=/dev/null", "core.sparseCheckout=false", "core.splitIndex=false",
                                "core.untrackedCache=false", "core.fsmonitor=false", "core.bare=false"}) {
      arguments.insert(arguments.begin(), {"-c", setting});
    }
    GitCommand command = git_command(repository_, std::move(arguments));
    std::erase_if(command.set, [](const std::string& one) { return one.starts_with("GIT_WORK_TREE="); });
    std::erase(command.unset, "GIT_WORK_TREE");
    std::erase(command.unset, "GIT_INDEX_FILE");
    command.set.push_back("GIT_WORK_TREE=" + files().string());
    command.set.push_back("GIT_INDEX_FILE=" + (place_ / "index").string());
    command.set.push_back("GIT_OBJECT_DIRECTORY=" + (scratch_ / "objects").string());
    command.directory = files();
    command.input = input;
    return git_output(command, ErrorKind::rejected);
  }

 private:
  const Repository& repository_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  fs::path scratch_;
  fs::path place_;
};

namespace {

/// What `git diff-index --name-status -z` says: a letter, a path.
template <class Bench>
Result<std::vector<TodaysFile>> changed_files(const Bench& bench, const CommitId& commit) {
  const Result<std::string> listing =
      bench.git({"diff-index", "--cached", "--name-status", "-z", "--no-renames", "--no-ext-diff", commit.hex(), "--"});
  if (!listing) {
    return tl::unexpected{listing.error()};
  }
  std::vector<TodaysFile> files;
  std::string present;
  std::istringstream fields{*listing};
  for (std::string letter, path; std::getline(fields, letter, '\0') && std::getline(fields, path, '\0');) {
    TodaysFile file;
    file.path = path;
    file.removed = letter == "D";
    if (!file.removed) {
      present += path + '\0';
    }
    files.push_back(std::move(file));
  }
  if (const auto done = bench.git({"checkout-index", "-f", "-z", "--stdin"}, present); !done) {
    return tl::unexpected{done.error()};
  }
  for (TodaysFile& file : files) {
    if (file.removed) {
      continue;
    }
    Result<TodaysFile> read = todays_file(bench.files(), file.path);
    if (!read) {
      return tl::unexpected{read.error()};
    }
    file = std::move(*read);
  }
  return files;
}

}  // namespace

Patches::~Patches() { remove_directory(scratch_); }

Result<std::shared_ptr<const Patches>> Patches::create(const Repository& repository,
                                                       const std::vector<PatchRequest>& requests,
                                                       const fs::path& place) {
  Result<fs::path> scratch = fresh_directory(place, "patched files");
  if (!scratch) {
    return tl::unexpected{scratch.error()};
  }
  std::shared_ptr<Patches> patches{new Patches{repository, std::move(*scratch)}};
  for (const PatchRequest& request : requests) {
    Result<std::string> text = read_patch(repository.start_directory() / request.file, request.file);
    if (!text) {
      return tl::unexpected{text.error()};
    }
    Patch patch{request.file, std::move(*text), std::nullopt};
    if (!request.range.empty()) {
      if (const Result<void> listed = list_commits(repository, request.range, patch.only.emplace()); !listed) {
        return tl::unexpected{listed.error()};
      }
    }
    patches->patches_.push_back(std::move(patch));
  }
  std::error_code error;
  fs::create_directories(patches->scratch_ / "objects/info", error);
  std::ofstream{patches->scratch_ / "objects/info/alternates"} << (repository.common_dir() / "objects").string()
                                                               << '\n';
  return patches;
}

std::vector<const Patches::Patch*> Patches::wanted(const CommitId& commit) const {
  std::vector<const Patch*> wanted;
  for (const Patch& patch : patches_) {
    if (!patch.only || patch.only->contains(commit)) {
      wanted.push_back(&patch);
    }
  }
  return wanted;
}

Result<void> Patches::apply(const Bench& bench, const CommitId& commit) const {
  for (const Patch* patch : wanted(commit)) {
    if (const auto applied = bench.git({"apply", "--cached", "--whitespace=nowarn", "-"}, patch->text); !applied) {
      return fail(ErrorKind::rejected,
                  fmt::format("the patch '{}' does not apply: {}", patch->file, applied.error().message));
    }
  }
  return {};
}

Result<std::vector<TodaysFile>> Patches::files(const CommitId& commit) const {
  if (wanted(commit).empty()) {
    return std::vector<TodaysFile>{};
  }
  const Bench bench{repository_, scratch_};
  if (const auto read = bench.git({"read-tree", commit.hex()}); !read) {
    return tl::unexpected{read.error()};
  }
  return apply(bench, commit).and_then([&] { return changed_files(bench, commit); });
}

Result<std::vector<TodaysFile>> Patches::files_without(const CommitId& culprit, const std::optional<CommitId>& parent,
                                                       const CommitId& at) const {
  constexpr const char* nothing = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";  // git knows the empty tree by it
  const Bench bench{repository_, scratch_};
  if (const auto read = bench.git({"read-tree", at.hex()}); !read) {
    return tl::unexpected{read.error()};
  }
  const std::string without = parent ? parent->hex() : nothing;
  if (const auto merged = bench.git({"merge-recursive", culprit.hex(), "--", at.hex(), without}); !merged) {
    return fail(ErrorKind::rejected, "it cannot be reverted cleanly there");
  }
  return apply(bench, at).and_then([&] { return changed_files(bench, at); });
}

}  // namespace nmz::git
