#include "nmz/text/utf8.hpp"

#include <algorithm>

namespace nmz::text {
namespace {

template <class Unwanted>
std::string replaced(std::string_view rest, Unwanted unwanted) {
  std::string result;
  result.reserve(rest.size());
  while (!rest.empty()) {
    const std::size_t length = utf8_sequence(rest);
    if (length == 0 || unwanted(rest.substr(0, length))) {
      result += replacement;
    } else {
      result += rest.substr(0, length);
    }
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

/// C1 controls (U+0080..U+009F) are two bytes, C2 80..9F; some terminals obey them.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 2) return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
  return first < 0x20 || first == 0x7F;
}

}  // namespace

std::size_t utf8_sequence(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

std::string valid_utf8(std::string_view bytes) {
  return replaced(bytes, [](std::string_view) { return false; });
}

std::string printable(std::string_view bytes) { return replaced(bytes, is_control); }

}  // namespace nmz::text
