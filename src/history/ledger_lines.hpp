// The lines of a search's file (nmz/history/ledger.hpp).
//
// A line begins with its newline, so that what was cut off before spoils itself alone. Fields are separated by tabs,
// the last one is a check sum of the rest. A word that this program does not know is passed over.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/history/ledger.hpp"

namespace nmz::history {

[[nodiscard]] std::string hex(std::string_view bytes);

/// With the newline in front.
[[nodiscard]] std::string line_of(const std::vector<std::string>& fields);
/// Nothing where the check sum is wrong.
[[nodiscard]] std::optional<std::vector<std::string>> fields_of(std::string_view line);

[[nodiscard]] std::string head_line(const LedgerHead& head);
[[nodiscard]] std::string verdict_line(const LedgerVerdict& verdict);
[[nodiscard]] std::string end_line(const LedgerEnd& end);

/// Lines of one word.
inline constexpr const char* take_back_word = "take-back";
inline constexpr const char* confirm_word = "confirm";
inline constexpr const char* flaky_word = "flaky";
inline constexpr const char* go_on_word = "go-on";
inline constexpr const char* kept_word = "kept";

/// All of a file. Nothing where it does not begin with a head.
[[nodiscard]] std::optional<LedgerContents> contents_of(std::string_view text);

}  // namespace nmz::history
