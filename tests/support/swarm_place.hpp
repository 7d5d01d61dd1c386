// What a task of a Swarm's service finds in its secret, for agents that a test starts as one.
#pragma once

#include <cstdint>
#include <string>

namespace nmz::support {

/// Of a worker's slot: 32 bytes, always the same.
inline std::string token_of(std::uint32_t slot) {
  std::string token = "the token of worker " + std::to_string(slot);
  token.resize(32, '.');
  return token;
}

inline std::string hexadecimal(const std::string& bytes) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4U];
    text += digits[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

/// The content of NMZ_TOKEN_FILE.
inline std::string place_file(std::uint32_t slot, const std::string& task) {
  return task + " " + std::to_string(slot) + " " + hexadecimal(token_of(slot));
}

}  // namespace nmz::support
