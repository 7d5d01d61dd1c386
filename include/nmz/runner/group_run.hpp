// One execution of some tests in one process of a runner: its command, and what its output says of each of them.
//
// For whoever hands executions to workers: a suite, whose groups are cut by time, or a search, which runs the tests
// that are undecided at a commit. What is done about a test of which nothing is said is theirs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/job/outcome.hpp"
#include "nmz/runner/envelope.hpp"
#include "nmz/runner/runner.hpp"

namespace nmz::runner {

class GroupRun {
 public:
  using Ends = std::vector<std::optional<TestEnd>>;

  /// `secret`: nobody can guess it. The runner outlives this.
  GroupRun(const Runner& runner, std::vector<std::string> ids, const std::string& secret);

  [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }
  /// `given`: what the user wrote after `--`.
  [[nodiscard]] Command command(const std::vector<std::string>& given) const;

  /// What of the execution's output is for its log.
  std::string output(std::string_view bytes);
  /// There is no more; returns the rest for the log.
  std::string finish();

  /// By test, nothing where nothing is known. `skip_codes`: of a runner without reports.
  [[nodiscard]] Ends ends(const job::Outcome& outcome, std::chrono::nanoseconds took,
                          std::span<const std::int32_t> skip_codes) const;
  /// For a test about which nothing more will be known.
  [[nodiscard]] TestEnd silent_end(const std::string& id, const job::Outcome& outcome) const;

 private:
  [[nodiscard]] Ends judged(const job::Outcome& outcome) const;

  const Runner* runner_;
  std::vector<std::string> ids_;
  std::string mark_;
  Envelope envelope_;
  std::string tail_;  ///< of its output
};

/// What a list of tests says about one.
enum class Presence : std::uint8_t {
  there,
  absent,
  unreadable,  ///< the file it would be in is listed for itself: it could not be read
  readable,    ///< it is such a file, and has tests
};
[[nodiscard]] Presence presence(const std::set<std::string, std::less<>>& list, std::string_view id);

}  // namespace nmz::runner
