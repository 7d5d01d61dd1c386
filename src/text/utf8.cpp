#include "nmz/text/utf8.hpp"

#include <algorithm>
#include <utility>

#include "nmz/text/control_sequence.hpp"

namespace nmz::text {
namespace {

/// C1 controls (U+0080..U+009F) are two bytes, C2 80..9F; some terminals obey them.
bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 2) return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
  return first < 0x20 || first == 0x7F;
}

bool is_reordering(std::string_view character) {
  if (character.size() != 3) return false;
  const auto last = static_cast<unsigned char>(character[2]);
  if (character.starts_with("\xE2\x80")) return last >= 0xAA && last <= 0xAE;  // U+202A..U+202E
  return character.starts_with("\xE2\x81") && last >= 0xA6 && last <= 0xA9;    // U+2066..U+2069
}

/// Takes the next character from `rest`; what is no UTF-8 comes as U+FFFD, byte by byte.
std::string_view take_character(std::string_view& rest) {
  const std::size_t length = utf8_sequence(rest);
  const std::string_view character = length == 0 ? replacement : rest.substr(0, length);
  rest.remove_prefix(std::max<std::size_t>(length, 1));
  return character;
}

/// Carriage returns at the start of `rest` that belong to a line's end.
std::size_t line_end_returns(std::string_view rest) {
  const std::size_t returns = std::min(rest.find_first_not_of('\r'), rest.size());
  return returns == rest.size() || rest[returns] == '\n' ? returns : 0;
}

class Printer {
 public:
  Printer(bool lines, Colours colours) : lines_{lines}, colours_{colours} {}

  std::string print(std::string_view rest) {
    result_.reserve(rest.size());
    while (!rest.empty()) {
      if (const ControlSequence sequence = control_sequence(rest); sequence.length > 0) {
        if (sequence.colours && colours_ == Colours::kept) {
          // Both introducers are two bytes; C1's is a control itself.
          result_.append("\x1b[").append(rest.substr(2, sequence.length - 2));
          coloured_ = true;
        }
        rest.remove_prefix(sequence.length);
      } else if (const std::size_t returns = line_end_returns(rest); returns > 0) {
        rest.remove_prefix(returns);
      } else {
        add(take_character(rest));
      }
    }
    if (coloured_) result_ += "\x1b[0m";
    return std::move(result_);
  }

 private:
  void add(std::string_view character) {
    const char first = character[0];
    if (first == '\t' || (lines_ && first == '\n')) {
      result_ += first;
    } else if (lines_ && first == '\r') {
      result_ += '\n';
    } else {
      result_ += is_active(character) ? replacement : character;
    }
  }

  bool lines_;
  Colours colours_;
  bool coloured_ = false;
  std::string result_;
};

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

bool is_active(std::string_view character) { return is_control(character) || is_reordering(character); }

std::string valid_utf8(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size());
  while (!bytes.empty()) result += take_character(bytes);
  return result;
}

std::string printable(std::string_view bytes) { return Printer{false, Colours::removed}.print(bytes); }

std::string printable_lines(std::string_view bytes, Colours colours) { return Printer{true, colours}.print(bytes); }

std::string_view without_byte_order_mark(std::string_view bytes) {
  if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
  return bytes;
}

}  // namespace nmz::text
