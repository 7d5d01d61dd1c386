// Asking the installed git.
//
// git runs without a shell, a pager, a prompt or a lock taken on the side, with its messages untranslated. Which
// repository is meant is for the caller to say: git/git_process.hpp does it for one that is open. A module of its own,
// because whoever asks git for a word need not link libgit2.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::git_program {

struct GitCommand {
  GitCommand() = default;

  std::vector<std::string> arguments;  ///< after "git"
  std::string shell;                   ///< not git, but this command of the user's configuration (a smudge filter)
  std::string_view input;              ///< stdin
  std::filesystem::path directory;
  std::vector<std::string> set;    ///< "NAME=value"
  std::vector<std::string> unset;  ///< names
};

struct GitEnd {
  int exit_code = 0;  ///< 128 + signal when a signal ended it, as a shell says it
  std::string err;    ///< its beginning, when it is long
};

/// Runs git and hands over its output line by line, without the newline. A sink that returns false ends git.
/// misconfigured: git is missing, or waits for what nobody will write. cancelled: the user has asked for an end while
/// git said nothing.
using LineSink = std::function<bool(std::string_view)>;
[[nodiscard]] Result<GitEnd> run_git(const GitCommand& command, const LineSink& sink);

struct GitText {
  int exit_code = 0;
  std::string out;
  std::string err;
};
[[nodiscard]] Result<GitText> run_git(const GitCommand& command);

/// The output of a command that has to succeed; otherwise git's complaint, with this kind.
[[nodiscard]] Result<std::string> git_output(const GitCommand& command, ErrorKind kind);

/// What git says is wrong, as one line: "fatal: bad object x" becomes "bad object x".
[[nodiscard]] std::string complaint(std::string_view err);

/// `text` without one newline at its end.
[[nodiscard]] std::string without_newline(std::string text);

}  // namespace nmz::git_program
