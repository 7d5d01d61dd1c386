#include "nmz/report/junit.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "nmz/output/output_file.hpp"

#include "readable.hpp"

namespace nmz::report {
namespace {

enum class Place : std::uint8_t { content, attribute };

/// Line ends and tabs in attributes, and carriage returns everywhere, would be read back as something else. A line's
/// first colon and the second '#' of a row would make commands of GitHub's of it (nmz/output/workflow_commands.hpp).
std::string escaped(std::string_view bytes, Place place) {
  std::string result;
  result.reserve(bytes.size());
  bool begins_line = true;
  char before = '\n';
  for (const char c : readable(bytes)) {
    const bool commands = (c == ':' && begins_line) || (c == '#' && before == '#');
    begins_line = c == '\n' || (begins_line && (c <= ' ' || c >= '\x7f'));
    before = c;
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";  // "]]>" must not stand in content
    } else if (c == '"' && place == Place::attribute) {
      result += "&quot;";
    } else if (commands || c == '\r' || (place == Place::attribute && (c == '\n' || c == '\t'))) {
      result += fmt::format("&#{};", static_cast<int>(c));
    } else {
      result += c;
    }
  }
  return result;
}

std::string attribute(std::string_view name, std::string_view value) {
  return fmt::format(" {}=\"{}\"", name, escaped(value, Place::attribute));
}

std::string attribute(std::string_view name, std::size_t value) { return fmt::format(" {}=\"{}\"", name, value); }

std::string attribute(std::string_view name, Seconds value) {
  const double seconds = std::isfinite(value.count()) ? std::max(0.0, value.count()) : 0.0;
  return fmt::format(" {}=\"{:.3f}\"", name, seconds);
}

std::string timestamp(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::string text(sizeof "2026-12-31T23:59:59Z", '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc));
  return text;
}

std::string system_out(const Execution& execution) {
  if (execution.log_tail.empty()) return {};
  return "<system-out>" + escaped(execution.log_tail, Place::content) + "</system-out>";
}

/// What failure, error, rerunFailure and flakyFailure have in common. The message is said twice: Jenkins shows the
/// attribute, GitLab nothing but the content.
std::string opening(std::string_view element, const Execution& execution, Verdict verdict) {
  const std::string message = execution.detail.empty() ? to_string(verdict) : execution.detail;
  std::string where = message;
  if (execution.attempt > 0) where += fmt::format("\nattempt {} on worker {}", execution.attempt, execution.worker);
  if (execution.earlier) where = message + "\nin an earlier run";
  if (!execution.node.empty()) where += fmt::format(" ({})", execution.node);
  if (!execution.log_path.empty()) where += "\nlog: " + execution.log_path;
  return fmt::format("<{}{}{}>{}", element, attribute("type", to_string(verdict)), attribute("message", message),
                     escaped(where, Place::content));
}

std::string problem(std::string_view element, const Execution& execution, Verdict verdict) {
  return opening(element, execution, verdict) + fmt::format("</{}>\n", element);
}

/// Other attempts have their logs inside.
std::string other_attempt(std::string_view element, const Execution& execution) {
  return opening(element, execution, execution.verdict) + system_out(execution) + fmt::format("</{}>\n", element);
}

std::string failures(const TestCase& test) {
  const Execution& first = test.failures.empty() ? *test.decisive : *test.failures.front();
  std::string result = problem("failure", first, first.verdict);
  for (std::size_t i = 1; i < test.failures.size(); ++i) result += other_attempt("rerunFailure", *test.failures[i]);
  if (!test.failures.empty()) result += other_attempt("rerunFailure", *test.decisive);
  return result + system_out(first);
}

std::string body(const TestCase& test) {
  const Execution& decisive = *test.decisive;
  std::string result;
  switch (test.verdict()) {
    case Verdict::failed:
    case Verdict::timed_out:
      return failures(test);
    case Verdict::lost:
      result = problem("error", decisive, Verdict::lost);
      break;
    case Verdict::skipped:
    case Verdict::cancelled:
    case Verdict::not_run: {
      const std::string detail = decisive.detail.empty() ? "" : ": " + decisive.detail;
      const std::string reason = to_string(decisive.verdict) + detail;
      result = fmt::format("<skipped{}>{}</skipped>\n", attribute("message", reason), escaped(reason, Place::content));
      break;
    }
    case Verdict::flaky:
      for (const Execution* failure : test.failures) result += other_attempt("flakyFailure", *failure);
      if (test.failures.empty()) result = problem("flakyFailure", decisive, Verdict::flaky);
      break;
    case Verdict::passed:
      break;
  }
  return result + system_out(decisive);
}

std::string properties(const Execution& execution) {
  if (execution.properties.empty()) return {};
  std::string result = "<properties>\n";
  for (const auto& [name, value] : execution.properties) {
    result += "<property";
    result += attribute("name", name);
    result += attribute("value", value);
    result += "/>\n";
  }
  return result + "</properties>\n";
}

std::string element(const TestCase& test, std::string_view class_name) {
  const std::string name = attribute("name", test.decisive->workload);
  const std::string time = attribute("time", test.decisive->took);
  const std::string inner = properties(*test.decisive) + body(test);
  return inner.empty() ? fmt::format("<testcase{}{}{}/>\n", name, class_name, time)
                       : fmt::format("<testcase{}{}{}>\n{}</testcase>\n", name, class_name, time, inner);
}

struct Totals {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  Seconds time{0};

  void add(Verdict verdict) {
    ++tests;
    failures += verdict == Verdict::failed || verdict == Verdict::timed_out ? 1U : 0U;
    errors += verdict == Verdict::lost ? 1U : 0U;
    skipped += verdict == Verdict::skipped || verdict == Verdict::cancelled || verdict == Verdict::not_run ? 1U : 0U;
  }
  [[nodiscard]] std::string attributes() const {
    return attribute("tests", tests) + attribute("failures", failures) + attribute("errors", errors) +
           attribute("time", time);
  }
};

}  // namespace

Result<void> write_junit(const std::string& file, std::string_view suite, std::span<const Execution> executions,
                         std::optional<std::chrono::system_clock::time_point> started) {
  auto out = output::OutputFile::open(file, output::OutputFile::Way::replaced);
  if (!out) return tl::unexpected{out.error()};
  const std::vector<TestCase> tests = test_cases(executions);
  Totals totals;
  for (const TestCase& test : tests) totals.add(test.verdict());
  for (const Execution& execution : executions) totals.time = std::max(totals.time, execution.start + execution.took);

  const std::string name = attribute("name", suite);
  out->write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  out->write("<testsuites" + name + totals.attributes() + ">\n");
  out->write("<testsuite" + name + totals.attributes() + attribute("skipped", totals.skipped) +
             (started ? attribute("timestamp", timestamp(*started)) : "") + ">\n");
  const std::string class_name = attribute("classname", suite);
  for (const TestCase& test : tests) out->write(element(test, class_name));
  out->write("</testsuite>\n</testsuites>\n");
  return out->commit();
}

}  // namespace nmz::report
