// Reading and writing below a directory that a test may have filled with anything.
//
// A name is never followed: a symlink, a mount or a file where a directory belongs is taken away and the directory made
// anew, and a file is written as a new one. So what is changed is below the descriptor, whatever a test has left.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "nmz/files/unique_fd.hpp"

namespace nmz::git {

/// The directory below `parent`, made when there is none. No descriptor, with errno, when that fails.
[[nodiscard]] files::UniqueFd own_directory(int parent, const std::string& name);

/// The directory of a path of several components, "" being `top` itself.
[[nodiscard]] files::UniqueFd own_directories(int top, std::string_view path);

/// The content of a regular file.
[[nodiscard]] std::optional<std::string> read_own_file(int directory, const std::string& name);

/// Puts a new file in the place of whatever is there. False with errno set when that fails.
[[nodiscard]] bool replace_file(int directory, const std::string& name, std::string_view content, mode_t mode = 0666);

/// Removes the entry with all that is below it, as far as that can be done.
void discard(int directory, const std::string& name);

/// Whether two descriptors are of one directory.
[[nodiscard]] bool same_file(int one, int other);

/// Moves what is at the name to the directory `aside`, so that the name is free; it is not looked into.
[[nodiscard]] bool set_aside(int parent, const std::string& name, int aside);

}  // namespace nmz::git
