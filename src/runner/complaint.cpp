#include "nmz/runner/complaint.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <vector>

namespace nmz::runner {
namespace {

constexpr std::size_t most_lines = 3;
constexpr std::size_t longest_line = 160;

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Without what only decorates it: spaces, and the "E   " of pytest.
std::string_view bare(std::string_view line) {
  const auto space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  const auto strip = [&] {
    while (!line.empty() && space(line.front())) line.remove_prefix(1);
    while (!line.empty() && space(line.back())) line.remove_suffix(1);
  };
  strip();
  if (line.starts_with("E ")) line.remove_prefix(1);
  strip();
  return line;
}

bool complains(std::string_view line) {
  constexpr std::array<std::string_view, 12> words{"error",   "exception", "not found", "no such",
                                                   "cannot",  "could not", "fatal:",    "unrecognized",
                                                   "unknown", "no module", "not exist", "denied"};
  const std::string small = lower(line);
  return std::ranges::any_of(words, [&](std::string_view word) { return has(small, word); });
}

}  // namespace

std::string complaint(std::string_view output) {
  std::vector<std::string_view> chosen;
  std::string_view last;
  while (!output.empty()) {
    const std::string_view line = bare(output.substr(0, output.find('\n')));
    output.remove_prefix(std::min(output.size(), std::min(output.find('\n'), output.size()) + 1));
    if (line.empty()) continue;
    last = line;
    const bool fresh = std::ranges::find(chosen, line) == chosen.end();
    if (fresh && complains(line)) chosen.push_back(line);
  }
  if (chosen.empty() && !last.empty()) chosen.push_back(last);
  // The first says where it went wrong, the last ones why.
  if (chosen.size() > most_lines) {
    chosen.erase(chosen.begin() + 1, chosen.end() - static_cast<std::ptrdiff_t>(most_lines - 1));
  }
  std::string text;
  for (const std::string_view line : chosen) {
    text += text.empty() ? "" : " / ";
    text += line.substr(0, longest_line);
  }
  return text;
}

std::string advice(int status, std::string_view output, std::string_view program) {
  constexpr int not_found = 127;
  const std::string small = lower(output);
  if (status == not_found || has(small, "no module named " + std::string{program})) {
    return "is " + std::string{program} + " installed where the tests run?";
  }
  if (has(small, "unrecognized") || has(small, "unknown option") || has(small, "usage:")) {
    return "what stands after -- is given to " + std::string{program};
  }
  return {};
}

}  // namespace nmz::runner
