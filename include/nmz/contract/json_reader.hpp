// JSON (RFC 8259) as it comes, a piece at a time, without a document in memory: the log in a chunk's result may be
// hundreds of megabytes, and is passed on while it arrives.
//
// Own code, because the agent reads requests with it as well: Boost.JSON would take more of the megabyte that the agent
// may have than is left. The tests hold it against Boost.JSON, which is their oracle.
//
// What is bounded: nesting, names, numbers. Strings come in pieces, as UTF-8 with their escapes resolved; a surrogate
// that stands alone is U+FFFD, and bytes that are no UTF-8 are taken as they are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"

namespace nmz::contract {

/// What stands in a text, in order.
class JsonEvents {
 public:
  JsonEvents() = default;
  JsonEvents(const JsonEvents&) = delete;
  JsonEvents& operator=(const JsonEvents&) = delete;
  JsonEvents(JsonEvents&&) = delete;
  JsonEvents& operator=(JsonEvents&&) = delete;
  virtual ~JsonEvents() = default;

  /// '{' or '['.
  virtual void begin(char bracket) = 0;
  virtual void end() = 0;
  /// Of the member that follows. A long one is cut: it is the name of nothing that anybody knows.
  virtual void name(std::string_view name) = 0;
  /// A part of a string, which may be empty.
  virtual void text(std::string_view part, bool last) = 0;
  /// A number as it is written, true, false or null.
  virtual void word(std::string_view word) = 0;
};

class JsonReader {
 public:
  /// `events` outlives it.
  explicit JsonReader(JsonEvents& events) : events_{events} {}

  /// Errors (rejected): this is no JSON. After one every call gives it again.
  Result<void> feed(std::string_view bytes);
  /// There is no more. Errors (rejected): it was not the end.
  Result<void> finish();
  /// Whether the text may end here.
  [[nodiscard]] bool whole() const { return state_ == State::after; }

 private:
  enum class State : unsigned char {
    value,          ///< is due
    value_or_end,   ///< of a list that has just begun
    member_or_end,  ///< of an object that has just begun
    member,         ///< is due
    colon,
    comma,  ///< or the end
    string,
    escape,  ///< behind the backslash
    hex,
    word,
    after  ///< the whole of it
  };

  Result<void> take(std::string_view& bytes);
  Result<void> take_mark(char c);
  Result<void> take_in_string(std::string_view& bytes);
  Result<void> take_escape(char c);
  Result<void> take_hex(char c);
  Result<void> begin_value(char c);
  Result<void> end_word();
  Result<void> close(char bracket);
  void put(std::string_view part);
  void put_character(unsigned long code);
  void put_lone_surrogate();
  void end_string();
  void after_value() { state_ = open_.empty() ? State::after : State::comma; }
  [[nodiscard]] Result<void> wrong(const char* what);

  JsonEvents& events_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  State state_ = State::value;
  std::string open_;    ///< brackets
  std::string word_;    ///< or a name
  bool named_ = false;  ///< the string is a name
  unsigned long code_ = 0;
  unsigned digits_ = 0;
  unsigned long surrogate_ = 0;  ///< the first half of a pair; 0 = none
  const char* wrong_ = nullptr;
};

}  // namespace nmz::contract
