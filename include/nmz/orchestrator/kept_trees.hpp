// Run directories that are kept: their work trees are the beginning of the next search of the same repository.
//
// Laying out the trees is most of what a search with a quick test does, and the next one wants almost the same files.
// So a run directory is not removed at an orderly end, but marked with a file `kept`, written as the last thing; the
// next run that has the same use for it takes the mark away first. A directory without the mark whose lock is free is a
// killed run's, as ever. What is in the trees is not believed but looked at (src/agent/kept_manifest.hpp); everything
// else in the directory is removed when it is marked and once more when it is taken.
//
// Of a worker's directory its tree and what its agent has written beside it stay; a worker that has left no such file,
// or in whose tree tests have left more than was laid out, has nothing that is worth keeping.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nmz/files/removal.hpp"

namespace nmz::orchestrator {

/// What the mark says.
struct KeptTrees {
  KeptTrees() = default;
  std::string owner;                            ///< who may take them: compared, not understood
  std::string title;                            ///< the same, for people
  std::vector<std::string> words;               ///< for whoever takes them
  std::vector<std::string> workers;             ///< directories of workers: "w0", ...
  std::map<std::string, std::string> contents;  ///< what is in these, for people
  std::uint64_t bytes = 0;                      ///< on the disk
};

/// What is kept of all repositories together.
struct KeptLimits {
  KeptLimits() = default;
  std::size_t directories = 8;
  std::uint64_t bytes = std::uint64_t{10} << 30U;
  unsigned share_of_free = 10;  ///< and no more than this part of what is free on the file system
};

struct KeptDirectory {
  KeptDirectory() = default;
  std::filesystem::path path;
  bool in_use = false;  ///< by a run; of the trees nothing but the title is known then
  KeptTrees trees;
  std::chrono::system_clock::time_point last_used;
};

/// Those below `base`, the last used first.
[[nodiscard]] std::vector<KeptDirectory> kept_directories(const std::filesystem::path& base);

struct PrunedTrees {
  std::size_t directories = 0;
  std::vector<std::string> left;  ///< what could not be removed, and why; a line each
};

/// Removes those that are too many or too large, the least recently used first.
PrunedTrees prune_kept(
    const std::filesystem::path& base, const KeptLimits& limits, const files::Progress& progress = [] {});

/// What the limits come to on this file system as it is now.
[[nodiscard]] std::uint64_t bytes_allowed(const std::filesystem::path& base, const KeptLimits& limits);

}  // namespace nmz::orchestrator
