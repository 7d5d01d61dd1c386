// The Engines that a benchmark is run with (scripts/swarm-lab), and runs of the programs on them.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "measurement.hpp"
#include "support/temp_directory.hpp"

namespace nmz::bench {

/// Where workers are.
struct Place {
  std::string title;
  std::string orchestrator;  ///< as --orchestrator wants it
};
[[nodiscard]] const Place& plain_containers();
[[nodiscard]] const Place& swarm();

/// A run of one of the programs.
struct Measured {
  Measured() = default;
  support::Ended ended;
  Events events;
  double wall = 0;                              ///< of the whole command
  std::chrono::system_clock::time_point start;  ///< of the command
  /// From the command's start to the clock of its events.
  [[nodiscard]] double before_events() const { return wall - events.back().at("time").to_number<double>(); }
};

class Lab {
 public:
  /// Throws if there is no Engine that is the manager of a Swarm.
  Lab();

  [[nodiscard]] std::size_t nodes() const { return nodes_; }
  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
  /// A path in path() that nothing has yet.
  [[nodiscard]] std::filesystem::path fresh(const std::string& name);
  /// The socket of the Engine that the programs speak to.
  [[nodiscard]] std::filesystem::path engine() const;

  /// nmzswarm with these arguments, on an Engine that has nothing left to do from the run before. Throws if it fails.
  Measured swarm(const Place& place, const std::vector<std::string>& arguments);
  /// The same on a list of workloads, each given to a shell in a container of busybox.
  Measured swarm(const Place& place, const std::vector<std::string>& list, const std::vector<std::string>& options);
  /// Any program with its events in a file of --json, which is an argument.
  Measured program(support::Program program, const std::filesystem::path& events);

  /// Waits until the Engines have removed the run before: they take their time, and the CPUs.
  void wait_until_quiet() const;

 private:
  support::TempDirectory directory_{"cluster-bench"};
  std::size_t nodes_ = 1;
  std::size_t names_ = 0;
};

/// The output of `docker ARGUMENTS`.
std::string docker(std::vector<std::string> arguments);

}  // namespace nmz::bench
