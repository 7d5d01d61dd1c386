#include "hunt.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "nmz/command_line/quoting.hpp"
#include "nmz/files/tail.hpp"
#include "nmz/report/grouping.hpp"
#include "nmz/report/rate.hpp"

#include "earlier_command.hpp"

namespace nmz::nmzswarm {
namespace {

using command_line::quoted;
constexpr std::size_t logs_compared = 100;
constexpr std::size_t longest_log = std::size_t{1} << 20;

/// The executions of one workload.
struct Runs {
  Runs() = default;
  std::vector<const report::Execution*> failures;
  const report::Execution* passed = nullptr;  ///< the first one; only its log is kept
};

std::unordered_map<std::string, Runs> by_workload(const report::Executions& executions) {
  std::unordered_map<std::string, Runs> result;
  for (const report::Execution& one : executions.all()) {
    Runs& runs = result[one.workload];
    if (one.verdict == report::Verdict::failed || one.verdict == report::Verdict::timed_out) {
      runs.failures.push_back(&one);
    } else if (one.verdict == report::Verdict::passed && runs.passed == nullptr && !one.log_path.empty()) {
      runs.passed = &one;
    }
  }
  return result;
}

std::vector<events::FailureGroup> groups_of(const Runs& runs) {
  std::vector<std::string> logs;
  for (const report::Execution* failure : runs.failures) {
    if (logs.size() == logs_compared) break;
    logs.push_back(files::tail_of_file(failure->log_path, longest_log));
  }
  const auto passing =
      runs.passed == nullptr ? std::nullopt : std::optional{files::tail_of_file(runs.passed->log_path, longest_log)};
  std::vector<events::FailureGroup> groups;
  for (const report::FailureGroup& found : report::group_by_first_difference(logs, passing)) {
    const report::Execution& first = *runs.failures[found.logs.front()];
    events::FailureGroup group;
    group.line = found.line;
    group.stops = found.stops;
    group.detail = first.detail;
    group.log = first.log_path;
    group.run = first.attempt;
    for (const std::size_t log : found.logs) group.runs.push_back(runs.failures[log]->attempt);
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

std::string repeating_command(const std::vector<std::string>& arguments, const std::string& id, std::uint64_t seed,
                              Separator separator) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const auto sign = std::find(dashes, arguments.end(), ":::");
  const bool listed = sign != arguments.end();
  const char* const end = separator == Separator::nul ? "\\0" : "\\n";
  std::string command = listed ? "nmzswarm" : fmt::format("printf '%s{}' {} | nmzswarm", end, quoted(id));
  // Of an option given twice the last one counts, and limits of a hunt can be combined. The hunt's own results are not
  // to be written over.
  for (const std::string& word :
       without_options({arguments.begin(), dashes}, {"log-dir", "json", "junit", "trace", "html", "svg", "serve"})) {
    command += " " + quoted(word);
  }
  command += std::string{listed ? "" : " --workloads -"} + " --shard 1/1 --repeat 1 --seed " + std::to_string(seed);
  for (auto word = dashes; word != sign; ++word) command += " " + quoted(*word);
  if (listed) command += " ::: " + quoted(id);
  return command;
}

std::vector<events::HuntedWorkload> hunted(const Suite& suite, const report::Executions& executions,
                                           const std::vector<std::string>& arguments) {
  const auto runs = by_workload(executions);
  std::vector<events::HuntedWorkload> result;
  for (std::size_t i = 0; i < suite.ids().size(); ++i) {
    const schedule::Tally& tally = suite.hunt()->tally(static_cast<schedule::Workload>(i));
    const report::Interval interval = report::wilson_interval(tally.failures, tally.runs);
    events::HuntedWorkload one;
    one.name = suite.ids()[i];
    one.runs = tally.runs;
    one.failures = tally.failures;
    one.lost = tally.lost;
    one.low = interval.low;
    one.high = tally.failures == 0 ? report::rate_bound_without_failure(tally.runs) : interval.high;
    one.rate = report::rate_text(tally.failures, tally.runs);
    if (const auto found = runs.find(one.name); found != runs.end()) one.groups = groups_of(found->second);
    for (events::FailureGroup& group : one.groups) {
      group.seed = schedule::run_seed(suite.seed(), group.run);
      group.command = repeating_command(arguments, one.name, group.seed, suite.separator());
    }
    result.push_back(std::move(one));
  }
  return result;
}

}  // namespace nmz::nmzswarm
