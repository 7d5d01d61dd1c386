#include "nmz/report/grouping.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace nmz::report {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_word(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

template <class Predicate>
std::size_t run(std::string_view text, Predicate predicate) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), predicate) - text.begin());
}

/// 0x7ffd..., or a word like a commit's id or a pointer without 0x: eight hex digits or more, a decimal one among them.
std::size_t hex_number(std::string_view word) {
  constexpr std::size_t long_enough = 8;
  if (word.starts_with("0x") || word.starts_with("0X")) {
    const std::size_t digits = run(word.substr(2), is_hex);
    return digits > 0 ? digits + 2 : 0;
  }
  const bool all = run(word, is_hex) == word.size();
  return all && word.size() >= long_enough && std::any_of(word.begin(), word.end(), is_digit) ? word.size() : 0;
}

/// 8-4-4-4-12 hex digits (RFC 9562); 0 if there is no such thing at the start of `text`.
std::size_t uuid(std::string_view text) {
  constexpr std::size_t size = 36;
  if (text.size() < size || (text.size() > size && is_word(text[size]))) return 0;
  for (std::size_t i = 0; i < size; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return 0;
  }
  return size;
}

/// The unit of a duration at the start of `text`, with the space before it; 0 if there is none.
std::size_t unit(std::string_view text) {
  constexpr std::array<std::string_view, 6> units{"ns", "us", "\xC2\xB5s", "ms", "s", "min"};
  const std::size_t space = text.starts_with(' ') ? 1 : 0;
  for (const std::string_view name : units) {
    const std::string_view rest = text.substr(space);
    if (rest.starts_with(name) && (rest.size() == name.size() || !is_word(rest[name.size()]))) {
      return space + name.size();
    }
  }
  return 0;
}

/// 12:34:56.789, 2024-05-06T07:08:09, 1,234, 10.0.0.1: numbers that belong together are one.
void append_number(std::string& out) {
  constexpr std::string_view joints = ".:,-/+T";
  const std::size_t size = out.size();
  if (size >= 1 && out[size - 1] == '#') return;
  if (size >= 2 && out[size - 2] == '#' && joints.find(out[size - 1]) != std::string_view::npos) {
    out.pop_back();
    return;
  }
  out += '#';
}

template <class Visit>
void for_each_line(std::string_view log, Visit visit) {
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    if (!visit(log.substr(0, end))) return;
    log.remove_prefix(std::min(end + 1, log.size()));
  }
}

/// Lines by the hash of what they are normalised to: logs may be long, and a collision only makes a group coarser.
using Lines = std::unordered_set<std::size_t>;

Lines lines_of(std::string_view log) {
  Lines lines;
  for_each_line(log,
                [&](std::string_view line) { return lines.insert(std::hash<std::string>{}(normalised(line))), true; });
  return lines;
}

/// What all logs have.
Lines shared_lines(std::span<const std::string> logs) {
  if (logs.empty()) return {};
  Lines shared = lines_of(logs.front());
  for (const std::string& log : logs.subspan(1)) {
    const Lines lines = lines_of(log);
    std::erase_if(shared, [&](std::size_t line) { return !lines.contains(line); });
  }
  return shared;
}

struct Difference {
  std::string_view line;
  std::string key;
  bool stops = true;
};

Difference first_difference(std::string_view log, const Lines& known) {
  Difference result;
  for_each_line(log, [&](std::string_view line) {
    std::string text = normalised(line);
    if (text.empty()) return true;
    result.line = line;
    result.stops = known.contains(std::hash<std::string>{}(text));
    result.key = std::move(text);
    return result.stops;
  });
  if (result.stops) result.key += '\n';  // no line has that: a group of its own
  return result;
}

}  // namespace

std::string normalised(std::string_view line) {
  std::string result;
  result.reserve(line.size());
  while (!line.empty()) {
    const std::size_t word = run(line, is_word);
    std::size_t used = uuid(line);
    if (used == 0) used = hex_number(line.substr(0, word));
    if (used == 0) used = run(line, is_digit);
    if (used > 0) {
      append_number(result);
      line.remove_prefix(used);
      line.remove_prefix(unit(line));
    } else if (is_space(line.front())) {
      line.remove_prefix(run(line, is_space));
      if (!result.empty() && !line.empty()) result += ' ';
    } else {
      // Up to the next digit, so that "worker12" is "worker#"; hex words begin at the start of a word only.
      const std::size_t letters =
          std::max<std::size_t>(1, run(line.substr(0, word), [](char c) { return !is_digit(c); }));
      result += line.substr(0, letters);
      line.remove_prefix(letters);
    }
  }
  return result;
}

std::vector<FailureGroup> group_by_first_difference(std::span<const std::string> logs,
                                                    std::optional<std::string_view> passing) {
  const Lines known = passing ? lines_of(*passing) : shared_lines(logs);
  std::unordered_map<std::string, std::size_t> places;
  std::vector<FailureGroup> groups;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    Difference difference = first_difference(logs[i], known);
    const auto [place, fresh] = places.try_emplace(std::move(difference.key), groups.size());
    if (fresh) {
      FailureGroup& group = groups.emplace_back();
      group.line = difference.line;
      group.stops = difference.stops;
    }
    groups[place->second].logs.push_back(i);
  }
  std::stable_sort(groups.begin(), groups.end(), [](const FailureGroup& left, const FailureGroup& right) {
    return left.logs.size() > right.logs.size();
  });
  return groups;
}

}  // namespace nmz::report
