// What the world of a local worker consists of: worked out by the program, carried out by its agent.
//
// The program knows the checkout, the sockets in /tmp and where there is room; the agent has to be small. So the plan
// says everything in terms of mounts, in their order, and the agent only makes them (src/agent/world.cpp). It is
// handed over in a file that has no name.
//
// Two of the mounts are there only while a job runs (World::open): the user's untracked files over the work tree, and
// the work tree over the user's checkout. Between jobs the tree is a plain directory: the agent lays out files and the
// program writes the index at full speed, and no overlay has to hear of it (what changes below a mounted overlay is
// undefined).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::sandbox {

struct Mount {
  enum class Kind : char {
    overlay = 'o',    ///< over what `target` has; what is written goes below `source`
    memory = 'm',     ///< a file system of its own, in memory
    processes = 'p',  ///< /proc of the new process ids
    again = 'a',      ///< `source` as it was before the first of these mounts; left out where it does not exist
    lent = 'l',       ///< the same, not to be written to
    socket = 's'      ///< `source`, at this path from the top of the tree, while a job runs
  };
  Kind kind = Kind::again;
  std::string target;
  std::string source;
  friend bool operator==(const Mount&, const Mount&) = default;
};

struct Plan {
  Plan() = default;
  bool own_user = false;         ///< a user namespace, for whoever is not root
  bool user_attributes = false;  ///< overlays keep their marks in attributes that need no privilege
  bool own_network = false;      ///< nothing in it but a loopback, and the way out
  std::string gateway;           ///< pasta, which makes that; empty: there is none
  std::string checkout;          ///< over which the work tree stands while a job runs; empty: none
  std::string mask;           ///< hides what is tracked in the checkout (mask.hpp); empty: untracked files are not seen
  std::string work;           ///< an empty directory for the overlay of the tree, on its file system
  std::vector<Mount> mounts;  ///< made once, in this order
  friend bool operator==(const Plan&, const Plan&) = default;
};

[[nodiscard]] std::string encode(const Plan& plan);
/// Nothing when these are not the bytes of a plan.
[[nodiscard]] std::optional<Plan> decode(std::string_view bytes);

}  // namespace nmz::sandbox
