// What becomes of an option's value: a row of the table (option.hpp) names the place it goes to, and how it is read.
// The places have to outlive the parser.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nmz/command_line/option.hpp"
#include "nmz/command_line/quantities.hpp"

namespace nmz::command_line {

/// As it is.
[[nodiscard]] Take text(std::string& out);
/// Each one, behind those that are there.
[[nodiscard]] Take texts(std::vector<std::string>& out);
[[nodiscard]] Take time(std::chrono::milliseconds& out);
/// Bytes, given in MiB.
[[nodiscard]] Take mebibytes(std::uint64_t& out);
/// See take_variable().
[[nodiscard]] Take variables(std::vector<std::string>& environment);

/// `read(option, text)` gives a Result of what goes to `out`.
template <class Out, class Read>
[[nodiscard]] Take stored(Out& out, Read read) {
  return [&out, read = std::move(read)](const std::string& option, const std::string& text) {
    return read(option, text).map([&out](auto&& read_value) {
      out = static_cast<Out>(std::forward<decltype(read_value)>(read_value));
    });
  };
}

template <class Number>
[[nodiscard]] Take count(Number& out, std::uint64_t most, std::uint64_t least = 1) {
  return stored(out, [most, least](const std::string& option, const std::string& text) {
    return parse_count(option, text, most, least);
  });
}

/// How an option says which words there are: "--strategy is adaptive or rounds, not 'x'".
struct Phrase {
  const char* verb;
  const char* last;  ///< before the last word
  const char* end;
};
inline constexpr Phrase is{"is", " or ", ","};
inline constexpr Phrase needs{"needs", " or ", ","};
inline constexpr Phrase is_one_of{"is one of", ", ", ";"};

/// Errors (misconfigured): it is none of the words.
[[nodiscard]] Result<std::size_t> parse_word(const std::vector<std::string>& words, const Phrase& phrase,
                                             const std::string& option, const std::string& text);

template <class Meaning>
[[nodiscard]] Take one_of(Meaning& out, const std::vector<std::pair<std::string, Meaning>>& choices,
                          const Phrase& phrase = is) {
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& [word, meaning] : choices) words.push_back(word);
  return [&out, choices, words, phrase](const std::string& option, const std::string& text) {
    return parse_word(words, phrase, option, text).map([&](std::size_t at) { out = choices[at].second; });
  };
}

}  // namespace nmz::command_line
