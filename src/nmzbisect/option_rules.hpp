// What the options of nmzbisect say together: which ends there are, what excludes what.
#pragma once

#include <string>
#include <vector>

#include "nmz/command_line/parser.hpp"
#include "nmz/error/result.hpp"

#include "options.hpp"

namespace nmz::nmzbisect {

/// What says something only together with others.
struct Words {
  std::vector<std::string> free;  ///< GOOD..BAD, and what is one too many
  std::vector<std::string> bads;
  std::vector<std::string> patches;
  std::vector<std::string> range_patches;
  bool confirm = false;
  bool no_confirm = false;
  std::string flaky;
  bool good_never_fails = false;
  bool bad_never_passes = false;
  std::string confidence;
};

/// Neither ends nor anything that has some.
extern const char* const what_is_missing;

// Each completes the options. Errors (misconfigured): one line.

/// GOOD..BAD, where each side may be left out as in git.
[[nodiscard]] Result<void> take_range(const Words& words, Options& options);
/// No good revision is known, and none is given.
[[nodiscard]] Result<void> take_auto(Options& options, command_line::Parser& parser);
[[nodiscard]] Result<void> take_patches(const Words& words, Options& options);
[[nodiscard]] Result<void> take_noise(const Words& words, Options& options);
/// What --runner needs, and what it goes with.
[[nodiscard]] Result<void> check_runner(const Options& options, command_line::Parser& parser);
/// Its workers have to take commits.
[[nodiscard]] Result<void> check_place(const Options& options, command_line::Parser& parser);
/// What excludes something else.
[[nodiscard]] Result<void> check_pairs(const Words& words, Options& options, command_line::Parser& parser);
/// Terms as git bisect accepts them: no command of its own, nothing that cannot be part of a ref name.
[[nodiscard]] Result<void> check_terms(Options& options, bool given);
/// Ends and a command are there, and --match is an expression.
[[nodiscard]] Result<void> check_rest(const Options& options);

}  // namespace nmz::nmzbisect
