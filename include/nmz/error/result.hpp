// How a failure travels.
//
// A function that can fail for a reason its caller should act on returns Result<T>; the kind says what the caller can
// do about it, the message is one line for a person. "Not there" where that is an ordinary answer is an
// std::optional, never an Error. Exceptions remain for bugs and exhausted memory.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace nmz {

enum class ErrorKind : std::uint8_t {
  retryable,      ///< the same call may succeed later or elsewhere (a lost peer, a full disk)
  timed_out,      ///< a deadline passed
  cancelled,      ///< somebody asked for the end
  not_found,      ///< what was named does not exist
  rejected,       ///< the peer or the data refuses (a corrupt object, an unsafe path, a broken protocol)
  misconfigured,  ///< the user has to change something
};

struct Error {
  Error(ErrorKind kind_in, std::string message_in) : kind{kind_in}, message{std::move(message_in)} {}

  ErrorKind kind;
  std::string message;  ///< one line, no trailing full stop or newline
};

template <class T = void>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorKind::not_found, "no such commit: x");`
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>{Error{kind, std::move(message)}};
}

}  // namespace nmz
