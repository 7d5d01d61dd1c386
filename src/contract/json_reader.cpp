#include "nmz/contract/json_reader.hpp"

#include <algorithm>

namespace nmz::contract {
namespace {

constexpr std::size_t deepest = 64;
constexpr std::size_t longest_name = 256;
constexpr std::size_t longest_word = 512;
constexpr unsigned hex_digits = 4;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_of_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.';
}

/// RFC 8259, section 6.
bool is_number(std::string_view text) {
  const auto take_digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count > 0;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.size() > 1 && text[0] == '0' && is_digit(text[1])) return false;
  if (!take_digits()) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits()) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!take_digits()) return false;
  }
  return text.empty();
}

bool ends_run(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

}  // namespace

Result<void> JsonReader::wrong(const char* what) {
  wrong_ = what;
  return fail(ErrorKind::rejected, what);
}

Result<void> JsonReader::feed(std::string_view bytes) {
  if (wrong_ != nullptr) return wrong(wrong_);
  while (!bytes.empty()) {
    if (Result<void> taken = take(bytes); !taken) return taken;
  }
  return {};
}

Result<void> JsonReader::finish() {
  if (wrong_ != nullptr) return wrong(wrong_);
  if (state_ == State::word) {
    if (Result<void> ended = end_word(); !ended) return ended;
  }
  return whole() ? Result<void>{} : wrong("it ends in the middle");
}

Result<void> JsonReader::take(std::string_view& bytes) {
  if (state_ == State::string) return take_in_string(bytes);
  const char c = bytes.front();
  if (state_ == State::word) {
    if (!is_of_word(c)) return end_word();
    bytes.remove_prefix(1);
    word_ += c;
    return word_.size() > longest_word ? wrong("a word without end") : Result<void>{};
  }
  bytes.remove_prefix(1);
  if (state_ == State::escape) return take_escape(c);
  if (state_ == State::hex) return take_hex(c);
  return is_space(c) ? Result<void>{} : take_mark(c);
}

Result<void> JsonReader::take_mark(char c) {
  switch (state_) {
    case State::value_or_end:
      return c == ']' ? close('[') : begin_value(c);
    case State::value:
      return begin_value(c);
    case State::member_or_end:
    case State::member:
      if (c == '}' && state_ == State::member_or_end) return close('{');
      if (c != '"') return wrong("a name is missing");
      word_.clear();
      named_ = true;
      state_ = State::string;
      return {};
    case State::colon:
      if (c != ':') return wrong("a ':' is missing");
      state_ = State::value;
      return {};
    case State::comma:
      if (c == ',') {
        state_ = open_.back() == '{' ? State::member : State::value;
        return {};
      }
      if (c == '}' || c == ']') return close(c == '}' ? '{' : '[');
      return wrong("a ',' is missing");
    default:
      return wrong("there is more behind its end");
  }
}

Result<void> JsonReader::begin_value(char c) {
  if (c == '{' || c == '[') {
    if (open_.size() == deepest) return wrong("it is nested too deeply");
    open_ += c;
    state_ = c == '{' ? State::member_or_end : State::value_or_end;
    events_.begin(c);
    return {};
  }
  if (c == '"') {
    named_ = false;
    state_ = State::string;
    return {};
  }
  if (!is_of_word(c)) return wrong("a value is missing");
  word_ = c;
  state_ = State::word;
  return {};
}

Result<void> JsonReader::close(char bracket) {
  if (open_.back() != bracket) return wrong("its brackets do not match");
  open_.pop_back();
  events_.end();
  after_value();
  return {};
}

Result<void> JsonReader::end_word() {
  if (word_ != "true" && word_ != "false" && word_ != "null" && !is_number(word_)) return wrong("a value is missing");
  events_.word(word_);
  after_value();
  return {};
}

// ---- strings

Result<void> JsonReader::take_in_string(std::string_view& bytes) {
  const auto* const stop = std::find_if(bytes.begin(), bytes.end(), ends_run);
  const auto size = static_cast<std::size_t>(stop - bytes.begin());
  if (size > 0) {
    put_lone_surrogate();
    put(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return {};
  }
  const char c = bytes.front();
  bytes.remove_prefix(1);
  if (c == '"') {
    put_lone_surrogate();
    end_string();
    return {};
  }
  if (c != '\\') return wrong("a control character in a string");
  state_ = State::escape;
  return {};
}

Result<void> JsonReader::take_escape(char c) {
  if (c == 'u') {
    code_ = 0;
    digits_ = 0;
    state_ = State::hex;
    return {};
  }
  constexpr std::string_view letters = R"("\/bfnrt)";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const std::size_t at = letters.find(c);
  if (at == std::string_view::npos) return wrong("an escape that there is not");
  put_lone_surrogate();
  put(meanings.substr(at, 1));
  state_ = State::string;
  return {};
}

Result<void> JsonReader::take_hex(char c) {
  const char lower = static_cast<char>(c | 0x20);
  if (is_digit(c)) {
    code_ = code_ * 16 + static_cast<unsigned long>(c - '0');
  } else if (lower >= 'a' && lower <= 'f') {
    code_ = code_ * 16 + static_cast<unsigned long>(lower - 'a' + 10);
  } else {
    return wrong("an escape that there is not");
  }
  if (++digits_ < hex_digits) return {};
  state_ = State::string;
  const bool first_half = code_ >= 0xD800 && code_ < 0xDC00;
  const bool second_half = code_ >= 0xDC00 && code_ < 0xE000;
  if (second_half && surrogate_ != 0) {
    const unsigned long high = surrogate_ - 0xD800;
    surrogate_ = 0;
    put_character(0x10000 + high * 0x400 + (code_ - 0xDC00));
    return {};
  }
  put_lone_surrogate();
  if (first_half) {
    surrogate_ = code_;
  } else {
    put_character(second_half ? 0xFFFD : code_);
  }
  return {};
}

void JsonReader::put_lone_surrogate() {
  if (surrogate_ == 0) return;
  surrogate_ = 0;
  put_character(0xFFFD);
}

void JsonReader::put_character(unsigned long code) {
  std::string utf8;
  const auto tail = [&utf8, code](unsigned shift) { utf8 += static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) {
    utf8 += static_cast<char>(code);
  } else if (code < 0x800) {
    utf8 += static_cast<char>(0xC0U | code >> 6U);
    tail(0);
  } else if (code < 0x10000) {
    utf8 += static_cast<char>(0xE0U | code >> 12U);
    tail(6);
    tail(0);
  } else {
    utf8 += static_cast<char>(0xF0U | code >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
  put(utf8);
}

void JsonReader::put(std::string_view part) {
  if (named_) {
    word_ += part.substr(0, longest_name + 1 - std::min(word_.size(), longest_name + 1));
  } else {
    events_.text(part, false);
  }
}

void JsonReader::end_string() {
  if (named_) {
    events_.name(word_);
    state_ = State::colon;
  } else {
    events_.text({}, true);
    after_value();
  }
}

}  // namespace nmz::contract
