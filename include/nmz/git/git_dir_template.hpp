// What the git directories of a run's workers are made from: the user's, and those of the submodules.
//
// A worker's tree is to stand for the user's checkout, also at the checkout's own path (where the user's git directory
// cannot be seen then). So nothing in a worker's git directory leads to the user's by name: configuration, hooks and
// other small files are copies, and the objects are borrowed from a *stand-in*, a directory of the run's own.
//
//   STAND-IN/objects/info/alternates   names the user's objects: git follows it wherever both can be seen
//   STAND-IN/modules/NAME/objects/...  the same for each submodule that is present
//   STAND-IN/annex, ...                what is too large to be copied, as a symlink
//
// Whoever hides the user's git directory (a mount namespace) mounts it on the stand-in first; then the same names lead
// to the same objects again. A test that writes an object or collects garbage touches its own objects only.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/repository.hpp"

namespace nmz::git {

struct GitImage;
class ObjectSource;

class GitDirTemplate {
 public:
  /// `stand_in`: absolute; made with what is above it. `hooks`: the user's hooks run in the trees.
  [[nodiscard]] static Result<GitDirTemplate> create(const Repository& repository,
                                                     const std::filesystem::path& stand_in, bool hooks);
  GitDirTemplate(GitDirTemplate&&) noexcept;
  GitDirTemplate& operator=(GitDirTemplate&&) noexcept;
  ~GitDirTemplate();

  /// Whether `.git` is a directory in the tree; no, where it is a file in the user's checkout.
  [[nodiscard]] bool in_tree() const;
  [[nodiscard]] bool hooks() const;
  [[nodiscard]] const std::filesystem::path& stand_in() const;
  /// The image of one repository, read when it is first asked for. From any thread.
  [[nodiscard]] Result<std::shared_ptr<const GitImage>> image(const ObjectSource& source) const;

 private:
  struct Impl;
  explicit GitDirTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::git
