// What the benchmarks of whole programs share: runs of a program with its events, and figures beside the goal.
//
// Times come from the program's own events (--json), so that a phase can be told apart; they are put on one scale with
// the command's start by the wall time around it. Memory is the peak the kernel counted for the child, which is never
// less than the peak of whoever starts it: peak_memory() refuses to answer where that hides it.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "support/run_program.hpp"

namespace nmz::bench {

using Seconds = std::chrono::duration<double>;
using Events = std::vector<boost::json::object>;

struct Goal {
  enum class Way : std::uint8_t { at_most, at_least };
  double value = 0;
  Way way = Way::at_most;
};
[[nodiscard]] inline Goal at_most(double value) { return {value, Goal::Way::at_most}; }
[[nodiscard]] inline Goal at_least(double value) { return {value, Goal::Way::at_least}; }

[[nodiscard]] double median(std::vector<double> values);

/// What else the machine has to do: figures of a busy one are too bad.
void print_load();

/// One line: the best, the median, and the goal. `decimals`: of the figures.
void print_figure(std::string_view what, const std::vector<double>& values, std::string_view unit,
                  std::optional<Goal> goal = std::nullopt, int decimals = 2);

/// Throws with what it printed if it does not end with status 0.
support::Ended run(const support::Program& program);
support::Ended run(std::vector<std::string> argv);

/// A --json file.
[[nodiscard]] Events read_events(const std::filesystem::path& file);
/// The values of `member`, of the events of this name.
[[nodiscard]] std::vector<double> numbers(const Events& events, std::string_view event,
                                          std::string_view member = "time");
/// When the program reached a phase, by its own clock; nothing if it never did.
[[nodiscard]] std::optional<double> phase(const Events& events, std::string_view name);

/// In bytes. Throws if it cannot be told.
[[nodiscard]] double peak_memory(const support::Ended& ended);

/// Waits for all workers of a measurement before it begins: each execution calls it first, at the cost of one stat()
/// once it is open.
class Gate {
 public:
  /// `directory`: a new one, at the same path for all workers.
  Gate(std::filesystem::path directory, std::size_t workers);
  /// A line for a shell.
  [[nodiscard]] std::string script() const;
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

struct Case {
  std::string name;
  std::function<void()> measure;
};

/// The command line of a benchmark: [--runs N] [--only NAME].
struct Choice {
  std::size_t runs = 3;
  std::string only;
};
/// Throws with the usage.
[[nodiscard]] Choice parse_choice(int argc, char** argv);
/// Throws if there is none of this name.
void measure(const std::vector<Case>& cases, const Choice& choice);

}  // namespace nmz::bench
