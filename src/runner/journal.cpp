#include "nmz/runner/journal.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include <boost/json.hpp>

#include "json_fields.hpp"
#include "limits.hpp"

namespace nmz::runner {
namespace json = boost::json;
namespace {

std::optional<Verdict> verdict_of(std::string_view word) {
  static constexpr std::array all{Verdict::passed,           Verdict::failed,   Verdict::error,     Verdict::skipped,
                                  Verdict::expected_failure, Verdict::disabled, Verdict::timed_out, Verdict::crashed};
  const auto* const found = std::ranges::find_if(all, [word](Verdict one) {
    std::string name = to_string(one);
    std::ranges::replace(name, ' ', '-');
    return name == word;
  });
  return found == all.end() ? std::nullopt : std::optional{*found};
}

void take(const json::object& line, Report& report) {
  if (std::string begun = text_of(line, "start"); !begun.empty()) {
    report.running = std::move(begun);
    return;
  }
  const auto verdict = verdict_of(text_of(line, "verdict"));
  TestEnd end;
  end.id = text_of(line, "id");
  if (!verdict || end.id.empty()) return;
  end.verdict = *verdict;
  end.took = duration(number_of(line, "took"));
  end.detail = first_line(text_of(line, "detail"));
  end.output = excerpt(text_of(line, "output"));
  if (report.running == end.id) report.running.reset();
  report.ends.push_back(std::move(end));
}

}  // namespace

Report read_journal(std::string_view text) {
  json::parse_options any_bytes;
  any_bytes.allow_invalid_utf8 = true;
  Report report;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    json::error_code error;
    const json::value value = json::parse(line, error, {}, any_bytes);
    if (const json::object* const object = error ? nullptr : value.if_object(); object != nullptr)
      take(*object, report);
  }
  return report;
}

Report read_journals(std::span<const File> files) {
  Report all;
  for (const File& file : files) {
    Report one = read_journal(file.content);
    std::ranges::move(one.ends, std::back_inserter(all.ends));
    if (one.running) all.running = std::move(one.running);
  }
  return all;
}

}  // namespace nmz::runner
