#include "nmz/command_line/values.hpp"

#include <algorithm>
#include <cstddef>

namespace nmz::command_line {

Take text(std::string& out) {
  return [&out](const std::string& /*option*/, const std::string& text) {
    out = text;
    return Result<void>{};
  };
}

Take texts(std::vector<std::string>& out) {
  return [&out](const std::string& /*option*/, const std::string& text) {
    out.push_back(text);
    return Result<void>{};
  };
}

Take time(std::chrono::milliseconds& out) { return stored(out, parse_time); }

Take mebibytes(std::uint64_t& out) {
  constexpr std::uint64_t most = std::uint64_t{1} << 20;
  constexpr std::uint64_t bytes = std::uint64_t{1} << 20;
  return stored(out, [](const std::string& option, const std::string& text) {
    return parse_count(option, text, most).map([](std::uint64_t read) { return read * bytes; });
  });
}

Take variables(std::vector<std::string>& environment) {
  return [&environment](const std::string& option, const std::string& text) {
    return take_variable(option, text, environment);
  };
}

Result<std::size_t> parse_word(const std::vector<std::string>& words, const Phrase& phrase, const std::string& option,
                               const std::string& text) {
  const auto found = std::ranges::find(words, text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string known;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) known += i + 1 == words.size() ? phrase.last : ", ";
    known += words[i];
  }
  return fail(ErrorKind::misconfigured, option + ' ' + phrase.verb + ' ' + known + phrase.end + " not '" + text + "'");
}

}  // namespace nmz::command_line
