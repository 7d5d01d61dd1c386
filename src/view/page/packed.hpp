// Bytes as the page carries them: gzip, which browsers undo (DecompressionStream), in base64, which may stand in a
// script element whatever it says.
#pragma once

#include <string>
#include <string_view>

namespace nmz::view::page {

[[nodiscard]] std::string base64(std::string_view bytes);

/// base64 of gzip.
[[nodiscard]] std::string packed(std::string_view bytes);

/// "sha256-..." as a Content-Security-Policy names what it allows.
[[nodiscard]] std::string hash_source(std::string_view text);

}  // namespace nmz::view::page
