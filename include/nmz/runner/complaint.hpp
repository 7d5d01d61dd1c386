// What a command that came to nothing has to say, in a line: of the many lines that a test runner prints, those that
// tell what is wrong, and what can be done about it.
//
// Runners say it at the end (Python's exceptions), at the beginning (a usage text follows), or in the middle. So lines
// are chosen by the words that complaints have; the last line is taken where none has them.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace nmz::runner {

/// One line; empty for nothing. Bytes of the output, not made fit for a terminal. At most about 400.
[[nodiscard]] std::string complaint(std::string_view output);

/// What to do, in a few words. `status`: as a shell has it. `program`: what was to list the tests.
[[nodiscard]] std::string advice(int status, std::string_view output, std::string_view program);

}  // namespace nmz::runner
