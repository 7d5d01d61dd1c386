#include "nmz/report/result.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace nmz::report {
namespace {

/// How much a verdict says about the workload.
int weight(Verdict verdict) {
  switch (verdict) {
    case Verdict::not_run:
      return 0;
    case Verdict::cancelled:
      return 1;
    case Verdict::lost:
      return 2;
    default:
      return 3;
  }
}

bool is_failure(const Execution& execution) {
  return execution.verdict == Verdict::failed || execution.verdict == Verdict::timed_out;
}

TestCase decided(std::vector<const Execution*> attempts) {
  const auto importance = [](const Execution* execution) {
    return std::tuple{weight(execution->verdict), execution->attempt};
  };
  std::stable_sort(attempts.begin(), attempts.end(),
                   [&](const auto* left, const auto* right) { return importance(left) < importance(right); });
  TestCase result;
  result.decisive = attempts.back();
  attempts.pop_back();
  for (const Execution* attempt : attempts) {
    if (is_failure(*attempt)) result.failures.push_back(attempt);
  }
  return result;
}

}  // namespace

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::timed_out:
      return "timed out";
    case Verdict::lost:
      return "lost";
    case Verdict::cancelled:
      return "cancelled";
    case Verdict::flaky:
      return "flaky";
    case Verdict::skipped:
      return "skipped";
    case Verdict::not_run:
      break;
  }
  return "not run";
}

Verdict TestCase::verdict() const {
  return decisive->verdict == Verdict::passed && !failures.empty() ? Verdict::flaky : decisive->verdict;
}

std::vector<TestCase> test_cases(std::span<const Execution> executions) {
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<std::vector<const Execution*>> attempts;
  for (const Execution& execution : executions) {
    if (execution.repeated) continue;
    const auto [place, fresh] = places.try_emplace(execution.workload, attempts.size());
    if (fresh) attempts.emplace_back();
    attempts[place->second].push_back(&execution);
  }
  std::vector<TestCase> result;
  result.reserve(attempts.size());
  for (auto& some : attempts) result.push_back(decided(std::move(some)));
  return result;
}

}  // namespace nmz::report
