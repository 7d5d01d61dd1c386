// See private_git_dir.hpp. The layout: gitrepository-layout(5), and for submodules gitsubmodules(7).
#include "nmz/git/private_git_dir.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "nmz/files/removal.hpp"

#include "config_text.hpp"
#include "held_directory.hpp"
#include "object_reader.hpp"
#include "own_git_dir.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

/// What has the last word in a worker's configuration. `work_tree` may be empty: then git finds it.
std::string last_words(const std::string& work_tree, bool hooks) {
  std::string words{
      "[core]\n\tbare = false\n\tfsmonitor = false\n\tsplitIndex = false\n\tuntrackedCache = false\n"
      "\tsparseCheckout = false\n\tsparseCheckoutCone = false\n"};
  if (!work_tree.empty()) {
    words += "\tworktree = " + config_value(work_tree) + '\n';
  }
  if (!hooks) {
    words += "\thooksPath = /dev/null\n";
  }
  return words + "[index]\n\tsparse = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
}

/// From the directory `from`, both being paths from the top of the tree, to it.
std::string relative(const std::string& to, const std::string& from) {
  std::string result = "../";
  for (const char character : from) {
    if (character == '/') {
      result += "../";
    }
  }
  return result + to;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(0, slash == std::string::npos ? 0 : slash);
}

}  // namespace

struct PrivateGitDir::Impl {
  struct Submodule {
    std::string git_path;  ///< from the top of the tree, or absolute
    OwnGitDir git;
    std::optional<CommitId> filled;  ///< the commit that the index is of
  };
  /// A repository in the tree, the top one or a submodule.
  struct Level {
    ObjectSource& source;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    OwnGitDir& git;        // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
    std::string mount;     ///< "" or "a/b/"
    std::string git_path;
  };

  Impl(const GitDirTemplate& from_in, fs::path tree_in, OwnGitDir top_in)
      : from{from_in}, tree{std::move(tree_in)}, top{std::move(top_in)} {}

  const GitDirTemplate& from;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  fs::path tree;
  files::UniqueFd place;  ///< the directory that the tree is in
  OwnGitDir top;
  bool indexed = false;                         ///< the index has what the tree had before
  std::map<std::string, Submodule> submodules;  ///< by the path in the tree

  Result<void> restore();
  [[nodiscard]] files::UniqueFd open_tree() const;
  [[nodiscard]] std::string git_path() const;
  Result<void> write_git_file(int directory, const std::string& git_dir) const;
  Result<void> restore_submodules(ObjectReader::Impl& reader, const TreeStream& stream);
  Result<void> restore_submodules_of(const Level& level, ObjectReader::Impl& reader, const TreeStream& stream,
                                     std::set<std::string>& present);
  Result<Submodule*> submodule(const ObjectSource& source, const std::string& path, std::string git_dir);
  Result<void> restore_submodule(Submodule& it, const std::string& path, int parent) const;
  void leave(const std::string& path) const;
  Result<void> index(ObjectReader::Impl& reader, const CommitId& commit, const TreeStream& stream, bool full);
};

files::UniqueFd PrivateGitDir::Impl::open_tree() const {
  return files::UniqueFd{files::open_own_directory(place.get(), tree.filename().c_str())};
}

std::string PrivateGitDir::Impl::git_path() const {
  return from.in_tree() ? ".git" : (tree.parent_path() / "git").string();
}

Result<void> PrivateGitDir::Impl::write_git_file(int directory, const std::string& git_dir) const {
  const std::string content = fmt::format("gitdir: {}\n", git_dir);
  if (directory >= 0 && (read_own_file(directory, ".git") == content || replace_file(directory, ".git", content))) {
    return {};
  }
  const std::error_code error{errno, std::generic_category()};
  return fail(ErrorKind::retryable, fmt::format("cannot write a .git file in {}: {}", tree.string(), error.message()));
}

Result<void> PrivateGitDir::Impl::restore() {
  const files::UniqueFd directory = open_tree();
  if (Result<void> done = top.restore(from.in_tree() ? directory.get() : place.get(), place.get()); !done) {
    return done;
  }
  return from.in_tree() ? Result<void>{} : write_git_file(directory.get(), git_path());
}

Result<void> PrivateGitDir::Impl::restore_submodules(ObjectReader::Impl& reader, const TreeStream& stream) {
  std::set<std::string> present;
  const Level level{*reader.source, top, "", git_path()};
  if (Result<void> done = restore_submodules_of(level, reader, stream, present); !done) {
    return done;
  }
  for (auto it = submodules.begin(); it != submodules.end();) {
    if (present.contains(it->first)) {
      ++it;
    } else {
      leave(it->first);
      it = submodules.erase(it);
    }
  }
  return {};
}

Result<void> PrivateGitDir::Impl::restore_submodules_of(const Level& level, ObjectReader::Impl& reader,
                                                        const TreeStream& stream, std::set<std::string>& present) {
  const auto links = level.git.index().submodules();
  const std::optional<git_oid> modules = level.git.index().blob_at(".gitmodules");
  for (const auto& [path, commit] : links) {
    std::string name = path;
    if (modules) {
      const auto& names = level.source.submodule_names(*modules);
      const auto known = names.find(path);
      name = known == names.end() ? path : known->second;
    }
    ObjectSource* source = reader.submodules.find(level.source, name, path, commit);
    if (source == nullptr || !is_safe_submodule_name(name)) {
      continue;
    }
    const std::string full = level.mount + path;
    const std::string git_dir = level.git_path + "/modules/" + name;
    Result<Submodule*> it = submodule(*source, full, git_dir);
    if (!it) {
      return tl::unexpected{it.error()};
    }
    const files::UniqueFd parent = own_directories(level.git.fd(), parent_of("modules/" + name));
    if (Result<void> done = restore_submodule(**it, full, parent.get()); !done) {
      return done;
    }
    OwnGitDir& git = (*it)->git;
    if ((*it)->filled != commit || std::ranges::binary_search(stream.submodules(), full)) {
      if (Result<void> filled = git.index().fill(*source, commit, tree / full); !filled) {
        return filled;
      }
      (*it)->filled = commit;
    }
    Result<void> written = git.set_head(commit.hex() + '\n').and_then([&] { return git.index().write(); });
    if (!written) {
      return written;
    }
    present.insert(full);
    if (Result<void> below = restore_submodules_of({*source, git, full + '/', git_dir}, reader, stream, present);
        !below) {
      return below;
    }
  }
  return {};
}

Result<PrivateGitDir::Impl::Submodule*> PrivateGitDir::Impl::submodule(const ObjectSource& source,
                                                                       const std::string& path, std::string git_dir) {
  Result<std::shared_ptr<const GitImage>> image = from.image(source);
  if (!image) {
    return tl::unexpected{image.error()};
  }
  if (const auto known = submodules.find(path); known != submodules.end()) {
    if (known->second.git_path == git_dir && known->second.git.image() == *image) {
      return &known->second;
    }
    submodules.erase(known);
  }
  const std::string work_tree = from.in_tree() ? relative(path, git_dir) : (tree / path).string();
  OwnGitDir git{std::move(*image), git_dir, last_words(work_tree, from.hooks())};
  return &submodules.emplace(path, Submodule{std::move(git_dir), std::move(git), std::nullopt}).first->second;
}

Result<void> PrivateGitDir::Impl::restore_submodule(Submodule& it, const std::string& path, int parent) const {
  if (Result<void> done = it.git.restore(parent, parent); !done) {
    return done;
  }
  const files::UniqueFd top_directory = open_tree();
  const files::UniqueFd directory = own_directories(top_directory.get(), path);
  return write_git_file(directory.get(), from.in_tree() ? relative(it.git_path, path) : it.git_path);
}

/// A submodule that the commit does not have, or whose commit is not here, is none of ours any more.
void PrivateGitDir::Impl::leave(const std::string& path) const {
  const files::UniqueFd top_directory = open_tree();
  files::UniqueFd directory{
      ::openat(top_directory.get(), path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!directory || !read_own_file(directory.get(), ".git")) {
    return;
  }
  discard(directory.get(), ".git");
  for (std::string empty = path; !empty.empty(); empty = parent_of(empty)) {
    if (::unlinkat(top_directory.get(), empty.c_str(), AT_REMOVEDIR) != 0) {
      return;
    }
  }
}

/// The stream says all of it where the tree was laid out as a whole, or where the index was of what it began with.
Result<void> PrivateGitDir::Impl::index(ObjectReader::Impl& reader, const CommitId& commit, const TreeStream& stream,
                                        bool full) {
  if (full) {
    top.index().clear();
  }
  const bool of_what_was = std::exchange(indexed, true);
  return full || of_what_was ? top.index().apply(stream.changes(), tree)
                             : top.index().fill(*reader.source, commit, tree);
}

PrivateGitDir::PrivateGitDir(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
PrivateGitDir::PrivateGitDir(PrivateGitDir&&) noexcept = default;
PrivateGitDir& PrivateGitDir::operator=(PrivateGitDir&&) noexcept = default;
PrivateGitDir::~PrivateGitDir() = default;

Result<PrivateGitDir> PrivateGitDir::create(const GitDirTemplate& from, ObjectReader& reader, const fs::path& tree,
                                            files::UniqueFd place) {
  Result<std::shared_ptr<const GitImage>> image = from.image(*reader.impl().source);
  if (!image) {
    return tl::unexpected{image.error()};
  }
  const fs::path git_dir = from.in_tree() ? tree / ".git" : tree.parent_path() / "git";
  const std::string work_tree = from.in_tree() ? "" : tree.string();
  OwnGitDir top{std::move(*image), git_dir.string(), last_words(work_tree, from.hooks())};
  auto impl = std::make_unique<Impl>(from, tree, std::move(top));
  impl->place =
      place ? std::move(place) : files::UniqueFd{::open(tree.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (Result<void> made = impl->restore(); !made) {
    return tl::unexpected{made.error()};
  }
  // Not at any commit yet, but git already recognises the directory.
  if (Result<void> head = impl->top.set_head("ref: refs/heads/none\n"); !head) {
    return tl::unexpected{head.error()};
  }
  return PrivateGitDir{std::move(impl)};
}

Result<void> PrivateGitDir::update(ObjectReader& reader, const CommitId& commit, const TreeStream& stream, bool full) {
  if (Result<void> restored = impl_->restore(); !restored) {
    return restored;
  }
  OwnGitDir& top = impl_->top;
  if (Result<void> head = top.set_head(commit.hex() + '\n'); !head) {
    return head;
  }
  if (Result<void> done = impl_->index(reader.impl(), commit, stream, full); !done) {
    return done;
  }
  Result<void> written = top.index().doubt(stream.overlaid()).and_then([&] { return top.index().write(); });
  if (!written) {
    return written;
  }
  return impl_->restore_submodules(reader.impl(), stream);
}

}  // namespace nmz::git
