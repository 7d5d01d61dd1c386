#include "nmz/report/culprits.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "workflow_text.hpp"

namespace nmz::report {
namespace {

constexpr std::size_t short_id = 12;

std::string shortened(const std::string& commit) { return commit.substr(0, short_id); }

std::string why(const events::Culprit& culprit) {
  if (culprit.state == "only-skipped") {
    return fmt::format("broken by one of {} commits, which cannot be tested", culprit.suspects.size());
  }
  const std::string commit = shortened(culprit.commit) + " (" + culprit.subject + ")";
  return culprit.state == "since-added" ? "failing since it was added in " + commit : "broken by " + commit;
}

std::pair<Verdict, std::string> meaning(const events::OtherTest& other) {
  if (other.state == "old") return {Verdict::failed, "failing before as well, at " + shortened(other.failed_at)};
  if (other.state == "flaky") {
    return {Verdict::flaky,
            "flaky: failed at " + shortened(other.failed_at) + ", passed at " + shortened(other.passed_at)};
  }
  if (other.state == "no-single-commit") return {Verdict::failed, "no single commit explains its verdicts"};
  if (other.state == "passes" || other.state == "fixed") return {Verdict::passed, ""};
  return {Verdict::skipped, other.state};
}

Execution result(const std::string& test, Verdict verdict, std::string detail) {
  Execution execution;
  execution.workload = test;
  execution.attempt = 0;
  execution.verdict = verdict;
  execution.detail = std::move(detail);
  return execution;
}

}  // namespace

std::vector<Execution> results_of_search(const events::SearchResult& result_of) {
  std::vector<Execution> results;
  for (const events::Culprit& culprit : result_of.culprits) {
    for (const events::TestFailure& test : culprit.tests) {
      const std::string detail = test.detail.empty() ? "" : ": " + test.detail;
      results.push_back(result(test.test, Verdict::failed, why(culprit) + detail));
      results.back().log_path = culprit.log;
    }
  }
  for (const events::OtherTest& other : result_of.other_tests) {
    auto [verdict, detail] = meaning(other);
    results.push_back(result(other.test, verdict, std::move(detail)));
  }
  return results;
}

std::vector<std::string> culprit_annotations(const events::SearchResult& result, std::size_t most) {
  std::vector<std::string> lines;
  for (const events::Culprit& culprit : result.culprits) {
    if (lines.size() == most) break;
    constexpr std::size_t tests_shown = 20;
    const std::size_t count = culprit.tests.size();
    const bool last = lines.size() + 1 == most && result.culprits.size() > most;
    std::string message = why(culprit);
    for (std::size_t i = 0; i < std::min(count, tests_shown); ++i) message += "\n" + culprit.tests[i].test;
    if (count > tests_shown) message += fmt::format("\n... and {} more", count - tests_shown);
    if (last) message += fmt::format("\nand {} other commits", result.culprits.size() - most);
    const std::string who = culprit.commit.empty() ? "a commit" : shortened(culprit.commit);
    const std::string title = fmt::format("{} broke {} {}", who, count, count == 1 ? "test" : "tests");
    lines.push_back(fmt::format("::error title={}::{}", workflow_text(title, true), workflow_text(message, false)));
  }
  return lines;
}

}  // namespace nmz::report
