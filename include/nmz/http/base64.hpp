// Base64 (RFC 4648, section 4): what APIs and their configurations carry bytes in.
#pragma once

#include <string>

namespace nmz::http {

[[nodiscard]] std::string to_base64(const std::string& data);
/// Empty when `text` is no base64.
[[nodiscard]] std::string from_base64(const std::string& text);

}  // namespace nmz::http
