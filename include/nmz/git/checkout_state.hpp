// What is in the user's work tree and in no commit: asked of git, which changes nothing for it (no index is refreshed).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"

namespace nmz::git {

struct CheckoutState {
  CheckoutState() = default;
  /// Untracked and ignored, from the top of the work tree; what is a directory with nothing tracked in it ends with
  /// '/'.
  std::vector<std::string> untracked;
  /// Tracked, and not as HEAD has them: modified, staged, new in the index, removed.
  std::vector<std::string> changed;
};

/// Empty for a bare repository.
[[nodiscard]] Result<CheckoutState> checkout_state(const Repository& repository);

/// Files of the work tree that are neither tracked nor ignored, from its top.
[[nodiscard]] Result<std::vector<std::string>> untracked_files(const Repository& repository);

/// Files of the work tree that a pathspec names, tracked or not, from the top of the work tree.
[[nodiscard]] Result<std::vector<std::string>> files_at(const Repository& repository, const std::string& pathspec);

/// A file below `directory` as it is now: what stands there, or that nothing does.
[[nodiscard]] Result<TodaysFile> todays_file(const std::filesystem::path& directory, const std::string& path);

}  // namespace nmz::git
