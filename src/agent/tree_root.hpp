// The work tree's top directory, as it was made.
//
// A test can move its tree away and leave a symlink, a mount or somebody's directory in its place; whoever resolved the
// name again would empty that. So the tree is a device and inode, below a directory that is held open, from the
// agent's first moment on; whoever starts an agent again for the same tree hands both over. What is found at the name
// and is not the tree is never entered: it is renamed, and the tree made anew beside it.
//
// Where there are several places to choose from this is a container, and a place may be on what is mounted into several
// of them (a shared /tmp): each would lay its commit out over the other's, under the other's test. So a tree that is
// chosen is locked for as long as its agent lives, and who finds one locked goes on to the next name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "nmz/files/identity.hpp"

#include "unique_fd.hpp"

namespace nmz::agent {

class TreeRoot {
 public:
  /// No tree: it has no path, and cannot be opened.
  TreeRoot() = default;

  /// The first of the candidates that can be written to, made if missing; what is there is taken for the tree. Where
  /// another agent has it, it is the first free of DIR-2, DIR-3, ... A single one need not be writable here and now:
  /// then every layout fails, and the coordinator hears why. Nothing, with errno, when none can be had.
  [[nodiscard]] static std::optional<TreeRoot> choose(const std::vector<std::string>& candidates);

  /// What another agent has been given before. `made`: "FD:DEVICE:INODE", the open directory that holds the tree, and
  /// the tree as it was made.
  [[nodiscard]] static std::optional<TreeRoot> handed_over(const std::string& path, std::string_view made);

  [[nodiscard]] const std::string& path() const { return path_; }
  /// The directory that holds the tree.
  [[nodiscard]] int place() const { return place_.get(); }
  /// The number by which the tree is known.
  [[nodiscard]] ino_t inode() const { return identity_.inode; }
  /// The tree, if it is still where it was made, whatever its permissions are; otherwise none, with errno.
  [[nodiscard]] UniqueFd open() const;
  /// The same, made anew if it has gone or something else has taken its place.
  [[nodiscard]] UniqueFd open_or_make();
  /// Whether whoever goes by the path comes to the tree.
  [[nodiscard]] bool is_at_its_path() const;

 private:
  TreeRoot(std::string path, UniqueFd place);
  [[nodiscard]] static std::optional<TreeRoot> found_at(const std::string& tree);
  [[nodiscard]] static std::optional<TreeRoot> free_one(const std::string& tree);
  [[nodiscard]] bool lock(bool was_just_made);
  [[nodiscard]] bool hold();
  [[nodiscard]] bool is_held(int fd) const;
  [[nodiscard]] bool clear_name() const;
  [[nodiscard]] UniqueFd open_name() const;

  std::string path_;
  std::string name_;  ///< in place_
  UniqueFd place_;    ///< the directory that holds the tree
  UniqueFd made_;     ///< keeps the inode's number from being given to another; who handed it over does so himself
  UniqueFd locked_;   ///< where there were several to choose from
  files::Identity identity_;
};

}  // namespace nmz::agent
