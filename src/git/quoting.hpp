// The C-style quotes that git puts around unusual paths in its files and logs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::git {

/// Reads a quoted text from the front of `text` and removes it there; nothing (and `text` untouched) when there is no
/// well-formed one.
[[nodiscard]] std::optional<std::string> unquote_c_style(std::string_view& text);

/// 'text', safe as one word of a shell command.
[[nodiscard]] std::string quote_for_shell(std::string_view text);

/// The words that git has quoted so, and others without quotes; nothing when a quote does not end.
[[nodiscard]] std::optional<std::vector<std::string>> words_of_shell(std::string_view text);

}  // namespace nmz::git
