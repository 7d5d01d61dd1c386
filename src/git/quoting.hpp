// The C-style quotes that git puts around unusual paths in its files and logs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nmz::git {

/// Reads a quoted text from the front of `text` and removes it there; nothing (and `text` untouched) when there is no
/// well-formed one.
[[nodiscard]] std::optional<std::string> unquote_c_style(std::string_view& text);

/// 'text', safe as one word of a shell command.
[[nodiscard]] std::string quote_for_shell(std::string_view text);

}  // namespace nmz::git
