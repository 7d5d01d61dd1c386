// What nmzbisect and git said, read from their output; and git's own search, to compare with.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "support/run_program.hpp"
#include "workplace.hpp"

namespace nmz::support {

/// How googletest shows it when an expectation fails.
void PrintTo(const Ended& ended, std::ostream* out);

}  // namespace nmz::support

namespace nmz::conformance {

/// The id in "<id> is the first <term> commit".
std::optional<std::string> culprit_of(const std::string& out, const std::string& term = "bad");
/// Every commit id (40 hex digits) that stands at the beginning of a line or after a blank, in the order of the lines.
std::vector<std::string> ids_in(const std::string& text);

struct GitSearch {
  GitSearch() = default;
  std::vector<std::string> goods;
  std::string bad;
  std::vector<std::string> pathspecs;
  bool first_parent = false;
  std::string term_old = "good";
  std::string term_new = "bad";
  std::vector<std::string> command;
};

struct GitAnswer {
  GitAnswer() = default;
  std::optional<std::string> culprit;
  std::vector<std::string> possible;  ///< "could be any of"
  std::string closing;                ///< from "<id> is the first" to the end of the commit's stat
  std::string output;                 ///< all of it
};

/// `git bisect start` and `run` in a clone made for it.
GitAnswer git_bisect(const Workplace& workplace, const std::filesystem::path& repository, const GitSearch& search);

/// The same search as arguments of nmzbisect.
std::vector<std::string> arguments_for(const GitSearch& search);

/// stdout and stderr, for a failure's message.
std::string everything(const support::Ended& ended);

/// Exit code 0 and this culprit.
MATCHER_P(Finds, id, "finds " + std::string{id}) {
  return arg.exit_code == 0 && culprit_of(arg.out) == std::string{id};
}

/// This exit code, something for a person on stderr, and no culprit.
MATCHER_P(FailsWith, code, "names no culprit and exits with " + testing::PrintToString(code)) {
  return arg.exit_code == code && !arg.err.empty() && arg.out.find("is the first") == std::string::npos;
}

}  // namespace nmz::conformance
