// Bytes of unknown origin as text: commit messages, logs and workload ids need not be UTF-8, and may drive a terminal.
//
// Foreign text is shown through printable() or printable_lines(), wherever it is shown. Control sequences are left out
// whole (control_sequence.hpp); other control characters become U+FFFD, so that one sees that something was there. Tabs
// stay. Carriage returns at the end of a line belong to its end, as Windows writes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nmz::text {

inline constexpr std::string_view replacement = "\xEF\xBF\xBD";      // U+FFFD
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // U+FEFF

/// Length of the well-formed UTF-8 sequence at the start of `bytes` (Unicode 15, table 3-7); 0 if there is none.
/// Precondition: not empty.
[[nodiscard]] std::size_t utf8_sequence(std::string_view bytes);

/// One character that does something to whoever shows it: a control (C0, DEL, C1), or what makes text read in another
/// order than it stands there (embeddings, overrides, isolates: UAX 9, 2.1 to 2.4), with which a name could say
/// anything.
[[nodiscard]] bool is_active(std::string_view character);

/// Each byte that is no part of well-formed UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view bytes);

/// As one line, which cannot drive a terminal or be two lines.
[[nodiscard]] std::string printable(std::string_view bytes);

enum class Colours : std::uint8_t { removed, kept };

/// As lines. A carriage return inside of a line, with which a progress bar begins anew, ends it. Where colours are kept
/// the text ends with its own reset.
[[nodiscard]] std::string printable_lines(std::string_view bytes, Colours colours);

/// Without the mark that some editors put before a text.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view bytes);

}  // namespace nmz::text
