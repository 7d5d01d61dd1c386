// What a maintainer asks for in a bug report: what the program did and why, line by line, where the user wants it.
//
// Off unless asked for: `--debug-log FILE` gets everything, NMZ_LOG=trace|debug|info shows that much on standard error.
// A line has its time, its level and its topic ("engine", "worker", "dispatch", "git"). Texts are made only when
// somebody reads them, so a call costs a comparison otherwise:
//
//     if (diagnostics::wanted(Level::debug)) diagnostics::write(Level::debug, "git", ...);
//
// Callers never write a secret: no token, no value of an environment variable, no content of a request or of a log.
// Written by spdlog, which only this module includes. Any thread may write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"

namespace nmz::diagnostics {

/// trace: what happens all the time (each message of a worker). debug: each decision and each call. info: each worker.
enum class Level : std::uint8_t { trace, debug, info };

/// `file`: "" = none, "-" = standard output; missing folders are made. `level`: NMZ_LOG's value, "" = nothing is shown.
/// Errors (misconfigured): the file cannot be written, there is no such level.
[[nodiscard]] Result<void> begin(const std::string& file, std::string_view level);

/// Whether somebody reads lines of this level.
[[nodiscard]] bool wanted(Level level);

/// Control characters are made visible.
void write(Level level, std::string_view topic, std::string_view text);

/// What is buffered reaches the file. Nothing is written from then on. False when lines were lost, which has been told.
[[nodiscard]] bool end();

}  // namespace nmz::diagnostics
