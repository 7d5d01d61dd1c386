// The repository a hook is at work in, as the installed git tells it. With SHA-256 names as well, which only git knows.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git_program/git_program.hpp"

namespace nmz::hook {

/// What git prints, without the last newline. Errors (rejected): its complaint.
[[nodiscard]] Result<std::string> ask_git(const std::string& directory, std::vector<std::string> arguments,
                                          std::string_view input = {});
/// The lines of it; none where git fails.
[[nodiscard]] std::vector<std::string> git_lines(const std::string& directory, std::vector<std::string> arguments,
                                                 std::string_view input = {});

/// The commit that an object is, or leads to. Nothing: it is none, or is not here.
[[nodiscard]] std::optional<std::string> commit_of(const std::string& directory, const std::string& object);

/// "1a2b3c4d5e6f (its subject)".
[[nodiscard]] std::string title_of(const std::string& directory, const std::string& commit);

struct Places {
  std::filesystem::path git_dir;    ///< shared by work trees; absolute
  std::filesystem::path hooks;      ///< where git looks for hooks' files; absolute
  std::filesystem::path own;        ///< where they are without core.hooksPath
  std::filesystem::path directory;  ///< to work in: the work tree's top, or the git directory of a bare one
  bool bare = false;
};
[[nodiscard]] Result<Places> places_of(const std::string& directory);

}  // namespace nmz::hook
