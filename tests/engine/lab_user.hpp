// nmzswarm as a user starts it who has a home of their own, and what they are told when it cannot work.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster_run.hpp"
#include "program/nmzbisect/answers.hpp"
#include "program/nmzbisect/workplace.hpp"

namespace nmz::cluster_tests {

class UserTest : public testing::Test {
 protected:
  /// Nothing of ours is left on any of the lab's Engines, and no process of the user's runs.
  void TearDown() override;

  /// `argv` with the user's home; DOCKER_HOST is the lab's unless `env` says something else.
  [[nodiscard]] support::Program program(std::vector<std::string> argv, std::vector<std::string> env = {}) const;
  /// `nmzswarm ARGUMENTS`, without a history and with logs and events in files.
  [[nodiscard]] support::Program swarm_program(std::vector<std::string> arguments,
                                               std::vector<std::string> env = {}) const;
  [[nodiscard]] Ended swarm(std::vector<std::string> arguments, std::vector<std::string> env = {}) const;

  /// Arguments for two workloads that `script` is run for; NMZ_WORKLOAD is "one" or "two".
  [[nodiscard]] std::vector<std::string> two(std::vector<std::string> options,
                                             const std::string& script = "test -n \"$NMZ_WORKLOAD\"") const;
  /// Builds `name` with the Dockerfile at the lab's Engine.
  void build(const std::string& name, const std::string& dockerfile) const;

  [[nodiscard]] std::filesystem::path docker_config() const { return place.path() / "home/.docker/config.json"; }

  conformance::Workplace place;
};

/// Both workloads passed.
MATCHER(BothPass, "") {
  return arg.exit_code == 0 && arg.err.empty() && arg.out.find("2 of 2 passed") != std::string::npos;
}

/// This exit code, and one line on stderr that holds this text.
MATCHER_P2(IsRefused, code, why, "is refused with " + testing::PrintToString(code) + " and " + std::string{why}) {
  const auto lines = conformance::split_lines(arg.err);
  return arg.exit_code == code && lines.size() == 1 && lines.front().find(why) != std::string::npos;
}

}  // namespace nmz::cluster_tests
