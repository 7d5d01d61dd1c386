// How a report comes back from a worker, whose agent has one stream for all that a job writes: behind a mark.
//
// A shell runs the runner's script, waits for its end and then prints the report, each file of it as
//
//     \nMARK LENGTH NAME\nBYTES   and at the end   \nMARK end STATUS\n
//
// The mark is random, a new one for each execution, and comes to the shell on its standard input, not as an argument or
// in the environment, where tests could read it: so nothing that a test prints is taken for another test's verdict. (A
// test that runs in the runner's own process can make that process say anything; nobody can help that.) What is left
// running may write into the report; the lengths show that, and then there is no report.
//
// The shell survives the job's TERM, so that a group that meets its time limit still tells what it has done, but not
// its KILL. Its exit status is the runner's.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {

/// What a worker is to start.
struct Command {
  Command() = default;
  std::vector<std::string> argv;
  std::string input;
};

/// `ids`: for `ids`; none for a list, which needs no mark either.
[[nodiscard]] Command listing(const Script& script);
/// The same for any command that lists, which may say other things before: on its standard output there stands `mark`
/// on a line of its own before what it listed, unless it failed.
[[nodiscard]] std::vector<std::string> marked_listing(const std::string& mark, const std::vector<std::string>& lister);
[[nodiscard]] Command enveloped(const Script& script, std::span<const std::string> ids, const std::string& mark);

/// Takes the stream of one execution apart.
class Envelope {
 public:
  explicit Envelope(std::string mark) : mark_{"\n" + std::move(mark) + " "} {}

  /// Returns what is no report: the runner's own output.
  std::string take(std::string_view bytes);
  /// The stream has ended: what was held back because a mark could have begun there.
  std::string finish();
  /// Nothing unless all of it has come.
  [[nodiscard]] std::optional<std::vector<File>> files() const;

 private:
  std::string mark_;
  std::string held_;    ///< could be the beginning of the mark
  std::string report_;  ///< from the first mark on
  bool reports_ = false;
};

}  // namespace nmz::runner
