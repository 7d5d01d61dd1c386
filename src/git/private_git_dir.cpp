// See private_git_dir.hpp. The layout: gitrepository-layout(5).
//
// Everything in the git directory that does not change with the commit is small text, kept in memory and compared
// before each test; only the refs, which may be megabytes, are one file that all workers share by hard links and that
// is recognised by its inode.
//
// A test can put anything in its place, the user's own repository before all. So the git directory is the one that was
// made, held by descriptor like the directory that it is in, and everything below is reached as held_directory.hpp
// says. What is found at its name and is another is renamed, and the git directory made anew. libgit2 gets the index's
// path through the descriptor (/proc/self/fd/N), and a name at which there is no link.
#include "nmz/git/private_git_dir.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/removal.hpp"

#include "git_process.hpp"
#include "held_directory.hpp"
#include "ref_snapshot.hpp"
#include "worktree_index.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

std::optional<std::string> read_file(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) {
    return std::nullopt;
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// A value in a configuration file.
std::string config_value(std::string_view value) {
  std::string result{"\""};
  for (const char character : value) {
    if (character == '\n') {
      result += "\\n";
      continue;
    }
    if (character == '"' || character == '\\') {
      result += '\\';
    }
    result += character;
  }
  return result + '"';
}

/// The repository's format, which git reads before (and without) any include.
struct Format {
  std::string version = "0";
  std::string extensions;  ///< lines for our own configuration
  bool worktree_config = false;
};

Result<Format> read_format(const Repository& repository) {
  const Result<GitText> listing =
      run_git(git_command(repository, {"config", "--null", "--local", "--get-regexp",
                                       R"(^(core\.repositoryformatversion|extensions\..*)$)"}));
  if (!listing) {
    return tl::unexpected{listing.error()};
  }
  Format format;
  std::string_view rest = listing->out;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const std::size_t split = std::min(entry.find('\n'), entry.size());
    const std::string_view key = entry.substr(0, split);
    const std::string_view value = split == entry.size() ? "true" : entry.substr(split + 1);
    if (key == "core.repositoryformatversion") {
      format.version = value;
    } else if (key == "extensions.worktreeconfig") {
      format.worktree_config = value != "false";
    } else if (key != "extensions.refstorage") {
      fmt::format_to(std::back_inserter(format.extensions), "[extensions]\n\t{} = {}\n",
                     key.substr(std::string_view{"extensions."}.size()), config_value(value));
    }
  }
  return format;
}

Result<std::string> make_config(const Repository& repository, const fs::path& tree) {
  const Result<Format> format = read_format(repository);
  if (!format) {
    return tl::unexpected{format.error()};
  }
  std::string config = fmt::format("[core]\n\trepositoryformatversion = {}\n{}", format->version, format->extensions);
  const auto include = [&](const fs::path& file) {
    fmt::format_to(std::back_inserter(config), "[include]\n\tpath = {}\n", config_value(file.string()));
  };
  include(repository.common_dir() / "config");
  if (format->worktree_config) {
    include(repository.git_dir() / "config.worktree");
  }
  // Below the includes, so that these are the last word.
  fmt::format_to(std::back_inserter(config),
                 "[core]\n\tbare = false\n\tworktree = {}\n\thooksPath = /dev/null\n\tfsmonitor = false\n"
                 "\tsplitIndex = false\n\tuntrackedCache = false\n\tsparseCheckout = false\n"
                 "\tsparseCheckoutCone = false\n"
                 "[index]\n\tsparse = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n",
                 config_value(tree.string()));
  return config;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing writes the environment
  return value == nullptr ? "" : value;
}

std::string make_alternates(const Repository& repository) {
  std::string alternates = (repository.common_dir() / "objects").string() + '\n';
  for (const char* name : {"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"}) {
    std::istringstream directories{variable(name)};
    for (std::string directory; std::getline(directories, directory, ':');) {
      alternates += fs::absolute(directory).string() + '\n';
    }
  }
  return alternates;
}

/// Tells whether a file is still the one that was put there.
struct Stamp {
  ino_t inode = 0;
  off_t size = -1;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  static Stamp of(int directory, const char* name) {
    struct stat status {};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) {
      return {};
    }
    return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// Names a test uses in a git directory and that are put right one by one, or hurt nobody (objects).
bool is_ours(const std::string& name) {
  static const std::set<std::string, std::less<>> ours{"HEAD",    "config", "index",       "info",   "modules",
                                                       "objects", "refs",   "packed-refs", "shallow"};
  return ours.contains(name);
}

}  // namespace

struct PrivateGitDir::Impl {
  fs::path git_dir;
  fs::path tree;
  files::UniqueFd place;  ///< the directory that holds both
  files::UniqueFd git;    ///< the git directory that was made
  fs::path refs_source;   ///< of the hard links; empty for the first of a run
  std::string refs_text;  ///< of the first
  Stamp refs_stamp;
  std::map<std::string, std::string> texts;  ///< relative path to content, of all other files that never change
  std::optional<WorktreeIndex> index;

  Result<void> make();
  Result<void> make_again_if_replaced();
  Result<void> restore();
  Result<void> restore_text(const std::string& path, const std::string& content) const;
  Result<void> restore_refs();
  Result<void> restore_packed_refs();
  void remove_strangers() const;
  Result<void> point_tree_here() const;
  [[nodiscard]] tl::unexpected<Error> cannot(const char* what, const fs::path& path) const;
};

tl::unexpected<Error> PrivateGitDir::Impl::cannot(const char* what, const fs::path& path) const {
  const std::error_code error{errno, std::generic_category()};
  return fail(ErrorKind::retryable, fmt::format("cannot {} {}: {}", what, (git_dir / path).string(), error.message()));
}

/// A new, empty git directory at its name; what is there already is somebody else's.
Result<void> PrivateGitDir::Impl::make() {
  const std::string name = git_dir.filename().string();
  if (!set_aside(place.get(), name) || ::mkdirat(place.get(), name.c_str(), 0777) != 0) {
    return cannot("make", "");
  }
  files::UniqueFd made{files::open_directory(place.get(), name.c_str())};
  // The number of the descriptor is in the path of the index.
  if (!made || (git && ::dup3(made.get(), git.get(), O_CLOEXEC) < 0)) {
    return cannot("make", "");
  }
  if (!git) {
    git = std::move(made);
  }
  refs_stamp = {};
  return {};
}

Result<void> PrivateGitDir::Impl::make_again_if_replaced() {
  const files::UniqueFd found{::openat(place.get(), git_dir.filename().c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  return found && same_file(found.get(), git.get()) ? Result<void>{} : make();
}

/// What a test left in the git directory: locks, logs, MERGE_HEAD, a rebase, ...
void PrivateGitDir::Impl::remove_strangers() const {
  for (const std::string& name : names_in(git.get())) {
    if (!is_ours(name) || (name == "shallow" && !texts.contains(name))) {
      discard(git.get(), name);
    }
  }
  const files::UniqueFd info = own_directory(git.get(), "info");
  for (const std::string& name : names_in(info.get())) {
    if (!texts.contains("info/" + name)) {
      discard(info.get(), name);
    }
  }
  struct stat status {};
  if (::fstatat(git.get(), "index", &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode)) {
    discard(git.get(), "index");  // libgit2 writes to what a link leads to
  }
}

/// Loose refs are the test's: ours are all packed.
Result<void> PrivateGitDir::Impl::restore_refs() {
  files::UniqueFd refs = own_directory(git.get(), "refs");
  const std::vector<std::string> names = names_in(refs.get());
  bool strangers = names.size() != 2;
  for (const std::string& name : names) {
    const files::UniqueFd below{files::open_own_directory(refs.get(), name.c_str())};
    strangers = strangers || (name != "heads" && name != "tags") || !below || !names_in(below.get()).empty();
  }
  if (strangers) {
    discard(git.get(), "refs");
    refs = own_directory(git.get(), "refs");
    if (!refs || !own_directory(refs.get(), "heads") || !own_directory(refs.get(), "tags")) {
      return cannot("make", "refs");
    }
  }
  const Stamp now = Stamp::of(git.get(), "packed-refs");
  return now.inode != 0 && now == refs_stamp ? Result<void>{} : restore_packed_refs();
}

Result<void> PrivateGitDir::Impl::restore_packed_refs() {
  discard(git.get(), "packed-refs");
  if (!refs_source.empty() && ::linkat(AT_FDCWD, refs_source.c_str(), git.get(), "packed-refs", 0) == 0) {
    refs_stamp = Stamp::of(git.get(), "packed-refs");
    if (refs_stamp.inode != 0) {
      return {};
    }
  }
  const std::optional<std::string> text = refs_source.empty() ? refs_text : read_file(refs_source);
  // Shared: nobody may write into it.
  if (!text || !replace_file(git.get(), "packed-refs", *text, 0444)) {
    return cannot("write", "packed-refs");
  }
  refs_stamp = Stamp::of(git.get(), "packed-refs");
  return {};
}

Result<void> PrivateGitDir::Impl::point_tree_here() const {
  const std::string content = fmt::format("gitdir: {}\n", git_dir.string());
  const files::UniqueFd top{files::open_own_directory(place.get(), tree.filename().c_str())};
  if (top && (read_own_file(top.get(), ".git") == content || replace_file(top.get(), ".git", content))) {
    return {};
  }
  return cannot("write", tree / ".git");
}

Result<void> PrivateGitDir::Impl::restore_text(const std::string& path, const std::string& content) const {
  const std::size_t slash = path.rfind('/');
  const files::UniqueFd directory = own_directories(git.get(), path.substr(0, slash == std::string::npos ? 0 : slash));
  const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
  if (directory && (read_own_file(directory.get(), name) == content || replace_file(directory.get(), name, content))) {
    return {};
  }
  return cannot("write", path);
}

Result<void> PrivateGitDir::Impl::restore() {
  if (Result<void> made = make_again_if_replaced(); !made) {
    return made;
  }
  remove_strangers();
  if (!own_directories(git.get(), "objects/pack")) {
    return cannot("make", "objects");
  }
  for (const auto& [name, content] : texts) {
    if (Result<void> written = restore_text(name, content); !written) {
      return written;
    }
  }
  if (Result<void> refs = restore_refs(); !refs) {
    return refs;
  }
  return point_tree_here();
}

PrivateGitDir::PrivateGitDir(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
PrivateGitDir::PrivateGitDir(PrivateGitDir&&) noexcept = default;
PrivateGitDir& PrivateGitDir::operator=(PrivateGitDir&&) noexcept = default;
PrivateGitDir::~PrivateGitDir() = default;

Result<PrivateGitDir> PrivateGitDir::create(const Repository& repository, const fs::path& git_dir, const fs::path& tree,
                                            const fs::path& template_dir, files::UniqueFd place) {
  Result<std::string> config = make_config(repository, tree);
  if (!config) {
    return tl::unexpected{config.error()};
  }
  Result<std::string> refs = template_dir.empty() ? packed_refs(repository) : std::string{};
  if (!refs) {
    return tl::unexpected{refs.error()};
  }
  auto impl = std::make_unique<Impl>();
  impl->git_dir = git_dir;
  impl->tree = tree;
  impl->refs_source = template_dir.empty() ? fs::path{} : template_dir / "packed-refs";
  impl->refs_text = std::move(*refs);
  impl->texts = {{"config", std::move(*config)}, {"objects/info/alternates", make_alternates(repository)}};
  for (const char* name : {"info/exclude", "info/attributes", "info/grafts", "shallow"}) {
    if (std::optional<std::string> content = read_file(repository.common_dir() / name)) {
      impl->texts.emplace(name, std::move(*content));
    }
  }
  impl->place = place ? std::move(place)
                      : files::UniqueFd{::open(git_dir.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (Result<void> made = impl->make(); !made) {
    return tl::unexpected{made.error()};
  }
  if (Result<void> made = impl->restore(); !made) {
    return tl::unexpected{made.error()};
  }
  Result<WorktreeIndex> index = WorktreeIndex::create(fmt::format("/proc/self/fd/{}/index", impl->git.get()));
  if (!index) {
    return tl::unexpected{index.error()};
  }
  impl->index.emplace(std::move(*index));
  // Not at any commit yet, but git already recognises the directory.
  if (Result<void> head = impl->restore_text("HEAD", "ref: refs/heads/none\n"); !head) {
    return tl::unexpected{head.error()};
  }
  return PrivateGitDir{std::move(impl)};
}

Result<void> PrivateGitDir::update(ObjectReader& /*reader*/, const CommitId& commit, const TreeStream& stream,
                                   bool full) {
  if (Result<void> restored = impl_->restore(); !restored) {
    return restored;
  }
  if (Result<void> head = impl_->restore_text("HEAD", commit.hex() + '\n'); !head) {
    return head;
  }
  if (full) {
    impl_->index->clear();
  }
  if (Result<void> applied = impl_->index->apply(stream.changes(), impl_->tree); !applied) {
    return applied;
  }
  return impl_->index->write();
}

}  // namespace nmz::git
