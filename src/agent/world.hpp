// The small world that a local worker lives in: Linux namespaces, made without privileges and without any helper.
//
//     the keeper      in the user's world; its children have process ids of their own
//       process 1     made the mounts; ends what the agent leaves behind, and with it the kernel ends everything
//         the agent   opens the tree's view for each job, and closes it again
//           a test
//
// The agent stands below another process because programs take a parent with the number 1 for the loss of theirs.
// In a user namespace each id is mapped to itself, and whoever is not root loses with execve() what capabilities there
// are: `id` says what it says outside, and no test can take the world apart.
//
// The view of a tree is an overlay whose upper directory is the tree itself: what is laid out and what tests write is
// real at the tree's path, for whoever looks from outside, and what is untracked in the checkout shines through from
// below. (An overlay for each untracked entry, mounted in the tree, was the other way: `rm -rf build` fails on a mount
// point.) It is mounted as volatile, since otherwise each end of a job would sync the disk.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nmz/sandbox/plan.hpp"

#include "failure.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class World {
 public:
  /// The plan in the open file; nothing when it is none.
  [[nodiscard]] static std::optional<World> read(int fd);

  /// In the keeper: the user's ids, and process ids for what is forked from here on.
  [[nodiscard]] Attempt<> leave() const;
  /// In the first process: all that is there for the whole life of the worker.
  [[nodiscard]] Attempt<> enter();

  /// For a job. `tree` is the path of the work tree.
  [[nodiscard]] Attempt<> open(const std::string& tree);
  void close();

 private:
  explicit World(sandbox::Plan plan) : plan_{std::move(plan)} {}
  [[nodiscard]] Attempt<> make(const sandbox::Mount& mount, int source) const;
  [[nodiscard]] Attempt<> instead_of_overlay(const std::string& target, const std::string& upper) const;
  [[nodiscard]] Attempt<> overlay(const std::string& target, const std::string& lower, int upper, int work) const;
  void uncover(const std::string& path, const UniqueFd& below) const;

  sandbox::Plan plan_;
  UniqueFd checkout_;
  UniqueFd mask_;
  std::vector<std::pair<std::string, UniqueFd>> sockets_;  ///< of the checkout, by the path in it
  UniqueFd outside_;                                       ///< the /proc that shows all processes
  std::string tree_;                                       ///< whose view is open; empty when none is
  UniqueFd tree_below_;                                    ///< the tree itself
};

}  // namespace nmz::agent
