// A run of nmzswarm on the lab's Swarm, beside the test, which looks at its events while it does harm to the cluster.
#pragma once

#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "program/nmzbisect/workplace.hpp"

namespace nmz::cluster_tests {

using support::Ended;

/// `docker ARGUMENTS` at the manager's Engine, its output as lines. Throws if it fails.
std::vector<std::string> docker(std::vector<std::string> arguments);
/// `docker rmi NAME`, once the Engine has done with the containers of it that are on their way out.
void remove_image(const std::string& name);
/// docker() at node `number`.
std::vector<std::string> docker_at(int number, std::vector<std::string> arguments);
/// `scripts/swarm-lab node ARGUMENTS`, its output.
std::string node(std::vector<std::string> arguments);
/// Nodes that are ready.
std::size_t ready_nodes();

class ClusterRun {
 public:
  /// `scripts`: the workloads, given to sh.
  ClusterRun(const conformance::Workplace& place, const std::string& name, std::vector<std::string> scripts,
             std::vector<std::string> options = {});

  [[nodiscard]] std::size_t passed() const { return done_with("passed").size(); }
  /// The workloads with this result.
  [[nodiscard]] std::vector<std::string> done_with(const std::string& result) const;
  /// Waits until so many workloads have passed.
  [[nodiscard]] bool wait_for_passed(std::size_t count) const;
  [[nodiscard]] Ended get() { return ended_.get(); }
  /// How often each workload has a counted result "passed".
  [[nodiscard]] std::map<std::string, int> results() const;
  [[nodiscard]] std::vector<std::string> notices() const;

 private:
  /// `result`: of those events only that have it; empty = all.
  [[nodiscard]] std::vector<std::string> values(const std::string& event, const std::string& member,
                                                const std::string& result = {}) const;

  std::filesystem::path events_;
  std::vector<std::string> scripts_;
  std::future<Ended> ended_;
};

/// `count` workloads that sleep.
std::vector<std::string> sleepers(std::size_t count, const std::string& seconds);

}  // namespace nmz::cluster_tests
