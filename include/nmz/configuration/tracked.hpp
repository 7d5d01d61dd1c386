// What a repository says of itself: the file .nmzconfig at the top of its work tree, in the syntax of git's
// configuration.
//
// It comes with a clone or a pull, and names commands. So nothing of it counts until the user has seen these very bytes
// and said so, and nothing once they have changed: what is remembered, in the user's own directory, is the work tree's
// path and a SHA-256 of the content. One content of each work tree is trusted, the last one that was.
//
// The bytes are read once, compared, and given to git on its standard input: a file that changes meanwhile changes
// nothing, and no include is followed from there. It need not be committed, and the index is not looked at: what counts
// is what the user was shown.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nmz/configuration/configuration.hpp"
#include "nmz/error/result.hpp"

namespace nmz::configuration {

inline constexpr const char* tracked_name = ".nmzconfig";

struct TrackedFile {
  TrackedFile() = default;
  std::filesystem::path path;
  std::string content;
  std::string trouble;  ///< why it cannot be used whatever the user says; one line, empty = nothing
};

/// Of the repository that `directory` is in. Nothing: there is no repository, no work tree or no such file.
[[nodiscard]] Result<std::optional<TrackedFile>> find_tracked(const std::string& directory);

[[nodiscard]] Result<bool> is_trusted(const TrackedFile& file);
[[nodiscard]] Result<void> trust(const TrackedFile& file);
/// Whether it was.
[[nodiscard]] Result<bool> revoke(const std::filesystem::path& path);

/// Its nmz.*, of scope "tracked"; anything else in it means nothing. Errors (misconfigured): it is no configuration.
[[nodiscard]] Result<std::vector<Value>> values_of(const TrackedFile& file);

}  // namespace nmz::configuration
