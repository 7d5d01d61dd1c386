// Bytes of unknown origin as text: commit messages, logs and workload ids need not be UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nmz::text {

inline constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

/// Length of the well-formed UTF-8 sequence at the start of `bytes` (Unicode 15, table 3-7); 0 if there is none.
/// Precondition: not empty.
[[nodiscard]] std::size_t utf8_sequence(std::string_view bytes);

/// Each byte that is no part of well-formed UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

/// Control characters replaced as well, so that the text cannot drive a terminal or break a line.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace nmz::text
