#include "nmz/report/github.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "readable.hpp"
#include "workflow_text.hpp"

namespace nmz::report {
namespace {

constexpr std::array ranking{Verdict::failed, Verdict::timed_out, Verdict::lost, Verdict::flaky};

const char* level(Verdict verdict) { return verdict == Verdict::flaky ? "warning" : "error"; }

std::string annotation(const TestCase& test) {
  constexpr std::size_t log_lines = 15;
  constexpr std::size_t log_bytes = 3000;
  const Verdict verdict = test.verdict();
  const bool failed_before = verdict == Verdict::flaky && !test.failures.empty();
  const Execution& source = failed_before ? *test.failures.back() : *test.decisive;  // of a flaky one, how it failed
  std::string message =
      fmt::format("{}{}{:.1f} s", source.detail, source.detail.empty() ? "after " : " after ", source.took.count());
  if (!source.node.empty()) message += " on " + source.node;
  if (failed_before) message += fmt::format("; passed in attempt {}", test.decisive->attempt);
  for (const auto& [name, value] : test.decisive->properties) {
    if (name == "nmz.kind") message += "; " + value;
  }
  if (!source.log_tail.empty()) message += fmt::format("\n{}", last_lines(source.log_tail, log_lines, log_bytes));
  if (!source.log_path.empty()) message += "\nlog: " + source.log_path;
  const std::string title = fmt::format("{}: {}", to_string(verdict), test.decisive->workload);
  return fmt::format("::{} title={}::{}", level(verdict), workflow_text(title, true), workflow_text(message, false));
}

/// For the ranked ones that are not shown.
std::string rest(std::span<const TestCase* const> tests) {
  std::string counts;
  for (const Verdict verdict : ranking) {
    const auto count =
        std::count_if(tests.begin(), tests.end(), [&](const TestCase* test) { return test->verdict() == verdict; });
    if (count > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, to_string(verdict));
  }
  return fmt::format("::{} title={} more::{} more: {}", level(tests.front()->verdict()), tests.size(), tests.size(),
                     counts);
}

}  // namespace

std::string workflow_text(std::string_view bytes, bool property) {
  std::string result;
  for (const char c : readable(bytes)) {
    const bool special = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    if (special) {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      result += c;
    }
  }
  return result;
}

std::vector<std::string> github_annotations(std::span<const Execution> executions, std::size_t most) {
  const std::vector<TestCase> tests = test_cases(executions);
  std::vector<const TestCase*> ranked;
  for (const Verdict verdict : ranking) {
    for (const TestCase& test : tests) {
      if (test.verdict() == verdict) ranked.push_back(&test);
    }
  }
  std::vector<std::string> lines;
  if (most == 0) return lines;
  const std::size_t shown = ranked.size() <= most ? ranked.size() : most - 1;
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(annotation(*ranked[i]));
  if (shown < ranked.size()) lines.push_back(rest(std::span{ranked}.subspan(shown)));
  return lines;
}

}  // namespace nmz::report
