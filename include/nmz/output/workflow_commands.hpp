// Workflow commands of GitHub Actions: lines of a step's output that its runner obeys.
//
// What a test printed, what a workload is called and what a commit's message says must not be such lines: they could
// set annotations, masks and groups. The runner looks for "::" behind leading white space, and for "##[" anywhere in a
// line (actions/runner, ActionCommand.cs), so that neither a prefix nor indentation is a protection. Text with such
// lines is put between "::stop-commands::TOKEN" and "::TOKEN::"; the token is drawn when the text is there, so that it
// cannot be in it.
//
// A report that other programs read cannot be put between such lines. It is written so that no line of it is a command,
// in GitHub Actions or not: JSON and XML have ways to write any character.
#pragma once

#include <string>
#include <string_view>

namespace nmz::output {

/// What GITHUB_ACTIONS says: the variable that every step of GitHub Actions has.
[[nodiscard]] bool runs_in_github_actions();

/// Whether a line of the text could be a command.
[[nodiscard]] bool may_hold_commands(std::string_view text);

/// The text with commands stopped around it. Ends with a newline.
[[nodiscard]] std::string with_commands_stopped(std::string_view text, std::string_view token);

/// The same JSON, of one line, with nothing in it that could be a command.
[[nodiscard]] std::string json_without_commands(std::string json);

/// In GitHub Actions, text that may hold commands comes back with commands stopped around it; anything else as it is.
[[nodiscard]] std::string without_commands(std::string text);

}  // namespace nmz::output
