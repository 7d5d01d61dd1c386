// What a local worker's world has to be made of on this machine: the program's half of it (see plan.hpp).
//
// /tmp and /var/tmp are the worker's own: what is there can be read, what is written stays in the world. An overlay
// does not let anybody connect to a socket in its lower directory, and shows nothing of what is mounted there, so the
// sockets (an ssh-agent, X11, tmux) and mounts that exist are bound over it, each by itself. Where the run's directory
// is below /tmp, an upper directory cannot be in it (it would be in its own lower one): what is written there goes to
// memory. Sockets in the checkout (a database of the project, a server for development) are bound as well.
//
// The user's git directory is lent under the name of its stand-in (nmz/git/git_dir_template.hpp) where the world has
// something else at its place.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/sandbox/plan.hpp"

namespace nmz::sandbox {

struct Request {
  Request() = default;
  std::filesystem::path run_directory;  ///< real at its own path in the world
  std::filesystem::path checkout;       ///< the user's work tree; empty when there is none
  std::filesystem::path git_directory;  ///< the user's, shared by his work trees
  std::filesystem::path stand_in;       ///< for it, below the run directory
  std::vector<std::string> untracked;   ///< as make_mask() takes it
  bool see_untracked = true;
  bool own_network = false;  ///< with a way out of it, where pasta is installed and may be used
};

class Surroundings {
 public:
  /// Looks around, and makes what all workers share below the run directory.
  [[nodiscard]] static Result<Surroundings> look(Request request);

  /// For a worker with this directory below the run directory, which is made if missing.
  [[nodiscard]] Result<Plan> plan(const std::filesystem::path& worker) const;

  /// In plans that are made from now on; `why`: for no_way_out().
  void close_gateway(std::string why);
  /// Why workers with a network of their own reach nothing outside of it; empty where they do, or have none.
  [[nodiscard]] const std::string& no_way_out() const { return no_way_out_; }

  /// What hides the tracked files of the checkout; empty where nothing of it is seen.
  [[nodiscard]] const std::filesystem::path& mask() const { return mask_; }

 private:
  explicit Surroundings(Request request) : request_{std::move(request)} {}
  [[nodiscard]] bool is_covered(const std::filesystem::path& path) const;

  Request request_;
  std::filesystem::path mask_;
  std::string gateway_;  ///< Plan::gateway
  std::string no_way_out_;
  std::vector<std::string> own_;      ///< the directories that are the worker's own
  std::vector<std::string> kept_;     ///< sockets and mounts in them
  std::vector<std::string> sockets_;  ///< in the checkout
};

}  // namespace nmz::sandbox
