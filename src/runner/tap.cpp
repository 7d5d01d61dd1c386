#include "nmz/runner/tap.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>

#include "limits.hpp"
#include "text_lines.hpp"

namespace nmz::runner {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

/// "name # SKIP why": the last " #" that begins a directive.
void take_directive(std::string_view& description, bool ok, TestEnd& end) {
  for (std::size_t at = description.rfind('#'); at != std::string_view::npos && at != 0;
       at = description.rfind('#', at - 1)) {
    const std::string_view rest = trimmed(description.substr(at + 1));
    const bool skip = starts_with_word(rest, "skip");
    if (description[at - 1] == '\\' || !(skip || starts_with_word(rest, "todo"))) continue;
    end.detail = first_line(rest.substr(std::min(rest.size(), std::size_t{4})));
    end.verdict = skip ? Verdict::skipped : ok ? Verdict::passed : Verdict::expected_failure;
    description = trimmed(description.substr(0, at));
    return;
  }
}

std::optional<TestEnd> test_in(std::string_view line) {
  const bool not_ok = line.starts_with("not ok");
  if (!not_ok && !line.starts_with("ok")) return std::nullopt;
  line.remove_prefix(not_ok ? 6 : 2);
  if (!line.empty() && line.front() != ' ') return std::nullopt;
  line = trimmed(line);
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view number = line.substr(0, digits);
  line = trimmed(line.substr(digits));
  if (line.starts_with("- ")) line = trimmed(line.substr(2));
  TestEnd end;
  end.verdict = not_ok ? Verdict::failed : Verdict::passed;
  const std::string before = "\x01" + std::string{line};  // so that a directive may stand first
  std::string_view description{before};
  take_directive(description, !not_ok, end);
  end.id = std::string{trimmed(description.substr(1))};
  if (end.id.empty()) end.id = std::string{number};
  return end;
}

}  // namespace

Report read_tap(std::string_view text) {
  Report report;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with("Bail out!")) break;
    if (auto end = test_in(line)) {
      report.ends.push_back(std::move(*end));
    } else if (!report.ends.empty() && !line.empty() && (line.front() == '#' || line.front() == ' ')) {
      TestEnd& last = report.ends.back();
      constexpr std::size_t enough = std::size_t{16} << 10;
      if (last.output.size() < enough) last.output += std::string{line} + "\n";
      if (last.detail.empty() && is_failure(last.verdict) && line.front() == '#')
        last.detail = first_line(line.substr(1));
    }
  }
  for (TestEnd& end : report.ends) end.output = excerpt(end.output);
  return report;
}

}  // namespace nmz::runner
