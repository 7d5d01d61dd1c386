// See commit_id.hpp. A table, because a million commits with their parents are eighty million digits.
#include "nmz/git/commit_id.hpp"

namespace nmz::git {

namespace {

constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t value = 0; value < 16; ++value) {
    values[static_cast<unsigned char>("0123456789abcdef"[value])] = static_cast<std::uint8_t>(value);
    values[static_cast<unsigned char>("0123456789ABCDEF"[value])] = static_cast<std::uint8_t>(value);
  }
  return values;
}();

std::uint8_t digit(char character) { return digit_values[static_cast<unsigned char>(character)]; }

}  // namespace

std::optional<CommitId> CommitId::parse(std::string_view hex) {
  CommitId id;
  if (hex.size() != 2 * id.bytes.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    const std::uint8_t high = digit(hex[2 * i]);
    const std::uint8_t low = digit(hex[(2 * i) + 1]);
    if (high == no_digit || low == no_digit) {
      return std::nullopt;
    }
    id.bytes[i] = static_cast<std::uint8_t>((high << 4) | low);
  }
  return id;
}

std::string CommitId::hex() const {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 0xf];
  }
  return text;
}

}  // namespace nmz::git
