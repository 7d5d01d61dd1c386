// See private_git_dir.hpp. The layout: gitrepository-layout(5).
//
// Everything in the git directory that does not change with the commit is small text, kept in memory and compared
// before each test; only the refs, which may be megabytes, are one file that all workers share by hard links and that
// is recognised by its inode.
#include "nmz/git/private_git_dir.hpp"

#include <array>
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

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git_process.hpp"
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

/// Replaces whatever is there, without following a link.
Result<void> write_file(const fs::path& file, std::string_view content) {
  std::error_code ignored;
  fs::remove_all(file, ignored);
  fs::create_directories(file.parent_path(), ignored);
  std::ofstream out{file, std::ios::binary};
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) {
    return fail(ErrorKind::retryable, fmt::format("cannot write {}", file.string()));
  }
  return {};
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

  static Stamp of(const fs::path& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) {
      return {};
    }
    return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

}  // namespace

struct PrivateGitDir::Impl {
  fs::path git_dir;
  fs::path tree;
  fs::path refs_source;   ///< of the hard links; our own file for the first of a run
  std::string refs_text;  ///< empty when refs_source is another's
  Stamp refs_stamp;
  std::map<std::string, std::string> texts;  ///< relative path to content, of all other files that never change
  WorktreeIndex index;

  Result<void> restore();
  Result<void> restore_refs();
  void remove_strangers() const;
  Result<void> point_tree_here() const;
};

/// What a test left in the git directory: locks, logs, MERGE_HEAD, a rebase, ... Objects stay: they hurt nobody.
void PrivateGitDir::Impl::remove_strangers() const {
  static const std::set<std::string, std::less<>> ours{"HEAD",    "config", "index",       "info",   "modules",
                                                       "objects", "refs",   "packed-refs", "shallow"};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{git_dir, ignored}) {
    if (!ours.contains(entry.path().filename().string())) {
      fs::remove_all(entry.path(), ignored);
    }
  }
  for (const auto& entry : fs::directory_iterator{git_dir / "info", ignored}) {
    if (!texts.contains("info/" + entry.path().filename().string())) {
      fs::remove_all(entry.path(), ignored);
    }
  }
  if (!texts.contains("shallow")) {
    fs::remove_all(git_dir / "shallow", ignored);
  }
}

/// Loose refs are the test's: ours are all packed.
Result<void> PrivateGitDir::Impl::restore_refs() {
  std::error_code error;
  std::size_t directories = 0;
  bool strangers = false;
  for (const auto& entry : fs::recursive_directory_iterator{git_dir / "refs", error}) {
    const fs::path name = entry.path().filename();
    const bool ours = entry.is_directory(error) && (name == "heads" || name == "tags");
    directories += ours ? 1U : 0U;
    strangers = strangers || !ours;
  }
  if (error || strangers || directories != 2) {
    fs::remove_all(git_dir / "refs", error);
    fs::create_directories(git_dir / "refs/heads", error);
    fs::create_directories(git_dir / "refs/tags", error);
  }
  const fs::path packed = git_dir / "packed-refs";
  if (const Stamp now = Stamp::of(packed); now.inode != 0 && now == refs_stamp) {
    return {};
  }
  fs::remove_all(packed, error);
  if (refs_source != packed && ::link(refs_source.c_str(), packed.c_str()) == 0) {
    refs_stamp = Stamp::of(packed);
    return {};
  }
  const std::optional<std::string> text = refs_source == packed ? refs_text : read_file(refs_source);
  if (!text) {
    return fail(ErrorKind::retryable, fmt::format("cannot read {}", refs_source.string()));
  }
  Result<void> written = write_file(packed, *text);
  fs::permissions(packed, fs::perms{0444}, error);  // shared: nobody may write into it
  refs_stamp = Stamp::of(packed);
  return written;
}

Result<void> PrivateGitDir::Impl::point_tree_here() const {
  const fs::path link = tree / ".git";
  const std::string content = fmt::format("gitdir: {}\n", git_dir.string());
  std::error_code error;
  const bool plain = fs::symlink_status(link, error).type() == fs::file_type::regular;
  return plain && read_file(link) == content ? Result<void>{} : write_file(link, content);
}

Result<void> PrivateGitDir::Impl::restore() {
  std::error_code error;
  fs::create_directories(git_dir / "objects/pack", error);
  if (error) {
    return fail(ErrorKind::retryable, fmt::format("cannot make {}: {}", git_dir.string(), error.message()));
  }
  remove_strangers();
  for (const auto& [name, content] : texts) {
    if (read_file(git_dir / name) != content) {
      if (Result<void> written = write_file(git_dir / name, content); !written) {
        return written;
      }
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
                                            const fs::path& template_dir) {
  Result<std::string> config = make_config(repository, tree);
  if (!config) {
    return tl::unexpected{config.error()};
  }
  Result<std::string> refs = template_dir.empty() ? packed_refs(repository) : std::string{};
  if (!refs) {
    return tl::unexpected{refs.error()};
  }
  Result<WorktreeIndex> index = WorktreeIndex::create(git_dir / "index");
  if (!index) {
    return tl::unexpected{index.error()};
  }
  std::map<std::string, std::string> texts{{"config", std::move(*config)},
                                           {"objects/info/alternates", make_alternates(repository)}};
  for (const char* name : {"info/exclude", "info/attributes", "info/grafts", "shallow"}) {
    if (std::optional<std::string> content = read_file(repository.common_dir() / name)) {
      texts.emplace(name, std::move(*content));
    }
  }
  auto impl =
      std::make_unique<Impl>(Impl{git_dir, tree, (template_dir.empty() ? git_dir : template_dir) / "packed-refs",
                                  std::move(*refs), Stamp{}, std::move(texts), std::move(*index)});
  if (Result<void> made = impl->restore(); !made) {
    return tl::unexpected{made.error()};
  }
  // Not at any commit yet, but git already recognises the directory.
  if (Result<void> head = write_file(git_dir / "HEAD", "ref: refs/heads/none\n"); !head) {
    return tl::unexpected{head.error()};
  }
  return PrivateGitDir{std::move(impl)};
}

Result<void> PrivateGitDir::update(ObjectReader& /*reader*/, const CommitId& commit, const TreeStream& stream,
                                   bool full) {
  if (Result<void> restored = impl_->restore(); !restored) {
    return restored;
  }
  const std::string head = commit.hex() + '\n';
  if (read_file(impl_->git_dir / "HEAD") != head) {
    if (Result<void> written = write_file(impl_->git_dir / "HEAD", head); !written) {
      return written;
    }
  }
  if (full) {
    impl_->index.clear();
  }
  if (Result<void> applied = impl_->index.apply(stream.changes(), impl_->tree); !applied) {
    return applied;
  }
  return impl_->index.write();
}

}  // namespace nmz::git
