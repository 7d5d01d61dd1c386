#include "evidence.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "nmz/files/tail.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::nmzbisect {
namespace {

constexpr std::array<std::string_view, 13> troubles{
    "no such file",    "address already in use", "command not found",     ": not found",       "cannot connect",
    "can't connect",   "could not connect",      "connection refused",    "permission denied", "no module named",
    "no rule to make", "no space left on",       "could not resolve host"};

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// Where the last `count` lines begin.
std::size_t last_lines(std::string_view text, std::size_t count) {
  std::size_t at = text.size();
  for (; count > 0 && at > 0; --count) {
    const std::size_t before = at < 2 ? std::string_view::npos : text.rfind('\n', at - 2);
    at = before == std::string_view::npos ? 0 : before + 1;
  }
  return at;
}

}  // namespace

std::string likely_cause(std::string_view text) {
  std::string found;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::string words = lower(line);
    const auto speaks_of = [&](std::string_view trouble) { return words.find(trouble) != std::string::npos; };
    if (std::ranges::any_of(troubles, speaks_of)) found = text::printable(line);
  }
  return found;
}

Evidence evidence_in(const std::string& path, std::size_t lines) {
  constexpr std::size_t most = std::size_t{64} << 10;
  constexpr std::size_t lines_with_causes = 100;
  Evidence evidence;
  evidence.path = path;
  std::string tail = path.empty() ? std::string{} : files::tail_of_file(path, most);
  tail = text::printable_lines(tail, text::Colours::removed);
  if (!tail.empty() && tail.back() != '\n') tail += '\n';
  evidence.cause = likely_cause(std::string_view{tail}.substr(last_lines(tail, lines_with_causes)));
  evidence.lines = tail.substr(last_lines(tail, lines));
  return evidence;
}

}  // namespace nmz::nmzbisect
