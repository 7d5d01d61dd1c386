// The difference between what a worker has checked out and the commit it shall test, as wire messages.
//
// The worker gets files, not git objects: contents after the filters that `git checkout` would run (eol, ident,
// working-tree-encoding, and configured smudge drivers), with attributes read from the commit itself, not from the
// user's work tree. Submodules whose objects are present locally are laid out as files below their path; the others
// are empty directories, as in a clone without --recurse-submodules.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::git {

/// Reads objects; one per thread (libgit2 handles are not shared). Cheap to keep, expensive to open.
class ObjectReader {
 public:
  [[nodiscard]] static Result<ObjectReader> open(const Repository& repository);
  /// One more of the same repository, for another thread: git is not asked again.
  [[nodiscard]] Result<ObjectReader> another() const;
  ObjectReader(ObjectReader&&) noexcept;
  ObjectReader& operator=(ObjectReader&&) noexcept;
  ~ObjectReader();

  /// The commit's message up to the first empty line, on one line, as `git log --format=%s` has it.
  [[nodiscard]] Result<std::string> message_line(const CommitId& commit) const;

  /// The name of all that the commit's files are.
  [[nodiscard]] Result<CommitId> tree_id(const CommitId& commit) const;

  /// All that decides about the contents of a commit's files, besides the commit.
  [[nodiscard]] std::string content_rules() const;

  /// Whether the user has a hook of this name that git would run.
  [[nodiscard]] bool has_hook(const std::string& name) const;

  struct Impl;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  explicit ObjectReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A file that is in no commit: as the user has it now, say, which stands at its path at every commit.
struct TodaysFile {
  TodaysFile() = default;
  std::string path;  ///< from the top of the work tree
  bool removed = false;
  wire::FileMode mode = wire::FileMode::regular;
  std::string content;
  std::filesystem::path below;  ///< if not empty: read when it is sent, from its path below this directory
  bool git = false;             ///< of a git directory that stands in the tree (sent_git_dir.hpp)
};

struct TreeRequest {
  TreeRequest() = default;
  std::optional<CommitId> from;  ///< what the worker has; nothing = an empty tree (TreeBegin::replace)
  CommitId to;
  std::vector<std::string> changed;                      ///< tracked paths that are no longer as laid out: sent again
  bool clean = false;                                    ///< TreeBegin::clean
  std::shared_ptr<const std::vector<TodaysFile>> today;  ///< the same for every commit; may be null
  std::vector<TodaysFile> patched;                       ///< as this commit has them
  std::vector<std::string> unpatched;                    ///< as only `from` had them, or untracked there
  bool inherited = false;            ///< `from` was laid out by an earlier search, with no submodule's files
  std::vector<std::string> strange;  ///< what stands at these paths is neither the commit's nor today's: it goes
};

/// Produces the messages from TreeBegin on, but not the TreeEnd, a piece at a time, so that a tree of any size needs
/// little memory.
class TreeStream {
 public:
  /// Compares the two trees (no file contents are read yet). `reader` must outlive the stream.
  [[nodiscard]] static Result<TreeStream> open(ObjectReader& reader, const TreeRequest& request);
  TreeStream(TreeStream&&) noexcept;
  TreeStream& operator=(TreeStream&&) noexcept;
  ~TreeStream();

  /// Appends frames to `out` until it holds at least `enough` bytes or the tree is complete.
  /// False when nothing more will come.
  [[nodiscard]] Result<bool> next(std::string& out, std::size_t enough);

  /// Paths that this stream lays out or removes, for the work tree's index (PrivateGitDir::update).
  struct Change {
    std::string path;  ///< from the top of the work tree
    bool removed = false;
    wire::FileMode mode = wire::FileMode::regular;
    bool submodule = false;  ///< a gitlink; its own files are not listed
    CommitId blob;           ///< object id of the (unfiltered) blob, or the submodule's commit
  };
  [[nodiscard]] std::span<const Change> changes() const;
  /// Whether the files follow from the commit and the configuration alone: no submodule's files, no programs that
  /// filter.
  [[nodiscard]] bool is_reproducible() const;
  /// Paths at which there may be something else than the commit's file: what is today's, or a patch has changed.
  [[nodiscard]] std::vector<std::string> overlaid() const;
  /// Submodules whose files this stream may lay out or remove, in order.
  [[nodiscard]] std::span<const std::string> submodules() const;

 private:
  struct Impl;
  explicit TreeStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::git
