// Names and logs are bytes; reports are text. What is text stays as it is.
//
// Control sequences of terminals are left out, because a log full of colours would be a log full of
// rubbish. Bytes that are no UTF-8 (Unicode 15, table 3-7), surrogates, control characters other than tab, newline and
// carriage return, U+FFFE and U+FFFF become U+FFFD: exactly what XML 1.0 cannot hold, even escaped.
#pragma once

#include <string>
#include <string_view>

namespace nmz::report {

[[nodiscard]] std::string readable(std::string_view bytes);

/// The part of a log's end that fits a message: at most so many lines and bytes, from the start of a line if possible.
[[nodiscard]] std::string_view last_lines(std::string_view log, std::size_t lines, std::size_t bytes);

}  // namespace nmz::report
