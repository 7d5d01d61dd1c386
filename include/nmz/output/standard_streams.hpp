// Standard output and standard error: what both programs say, to people and to scripts.
//
// A reader that goes away (`| head -1`) ends a program, as it ends others: quietly, by SIGPIPE. But a run has things to
// clean up first. So SIGPIPE is ignored while it lasts, and the first write that fails for want of a reader interrupts
// it as SIGTERM does; end_of_program() then ends the program by the signal. The streams belong to the process, and so
// does what is known of them here.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"

namespace nmz::output {

/// A standard stream that is closed would be the next file that is opened: a log, the history, an agent's connection.
/// What stands in for it fails as a closed one does. To be called first.
void occupy_standard_streams();

/// Of a pipe that nobody reads, and of a file that becomes larger than the user's limit (ulimit -f): a signal would end
/// the program with everything it has started left behind.
void take_failed_writes_as_errors();

/// All of it, at once. What cannot be written to standard output is told by complete_standard_output(); what cannot be
/// written to standard error cannot be told to anybody.
void write(std::FILE* stream, std::string_view text);

/// Errors (retryable): not everything that was written to standard output could be.
[[nodiscard]] Result<void> complete_standard_output();

/// What a program answers, to standard output: as it is for a pipe or a file; foreign text in it is made printable for
/// a terminal.
void print(std::string_view text);

/// "nmzbisect: message", one line to standard error.
void complain(std::string_view program, std::string_view message);

/// The exit status, for main() to return; unless a reader went away.
[[nodiscard]] int end_of_program(int status);

}  // namespace nmz::output
