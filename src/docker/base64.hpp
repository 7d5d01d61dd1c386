// Base64 as the Engine and config.json use it (RFC 4648, section 4).
#pragma once

#include <string>

namespace nmz::docker {

[[nodiscard]] std::string to_base64(const std::string& data);
/// Empty when `text` is no base64.
[[nodiscard]] std::string from_base64(const std::string& text);

}  // namespace nmz::docker
