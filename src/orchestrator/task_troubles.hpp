// What keeps the tasks of a service from starting, in words for the user. Pure.
//
// The Swarm tries again and again what cannot work, such as an image that no node has. Each complaint is told once.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nmz/docker/types.hpp"

namespace nmz::orchestrator {

class TaskTroubles {
 public:
  /// The node, and what it says.
  using Complaints = std::set<std::pair<std::string, std::string>>;

  [[nodiscard]] static Complaints complaints_of(const std::vector<docker::Task>& tasks);
  /// The lines that are new.
  [[nodiscard]] std::vector<std::string> see(const Complaints& complaints, const std::vector<docker::Node>& nodes);
  /// The last line, told or not; empty when all is well.
  [[nodiscard]] const std::string& last() const { return last_; }
  void all_is_well() { last_.clear(); }

 private:
  std::set<std::string> told_;
  std::string last_;
};

}  // namespace nmz::orchestrator
