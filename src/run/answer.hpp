// The small commands (show, logs, config, trust): what all of them do around their answer.
#pragma once

#include <string>
#include <vector>

#include "nmz/command_line/parser.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/run/program.hpp"

namespace nmz::run {

/// Parses, answers, and says what went wrong.
template <class Answer>
int answer(const Program& program, command_line::Parser& parser, const std::vector<std::string>& arguments,
           Answer answering) {
  try {
    const auto page = need(parser.parse(arguments));
    if (page) output::print(*page);
    const int status = page ? 0 : answering();
    need(output::complete_standard_output());
    return status;
  } catch (const StepFailed& failed) {
    output::complain(program.name, failed.error.message);
    return failed.error.kind == ErrorKind::retryable ? program.failed : exit_usage;
  }
}

}  // namespace nmz::run
