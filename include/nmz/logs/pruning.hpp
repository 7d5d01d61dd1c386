// Old logs go, so that nobody has to think of them: those of the last 50 runs, or of the last 30 days, whichever is
// more, are kept.
//
// Only a directory that a run has made for itself is ever removed, and it is known by a mark that the run has put into
// it: who made it, under which name and inode. A directory of the user's that is called like one, a copy of one and one
// that was given another name are the user's, and so is what --log-dir named, ever. A run holds a lock on its directory
// for as long as it lasts.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::logs {

struct Retention {
  std::size_t runs = 50;
  std::chrono::hours age{30 * 24};
};

struct KeptRun {
  KeptRun() = default;
  std::string name;
  std::chrono::system_clock::time_point last_change;
  bool going_on = false;
};

/// The runs that keep their logs in `place`, the newest first. A place that is not there has none.
[[nodiscard]] std::vector<KeptRun> kept_runs(const std::filesystem::path& place);

struct Pruned {
  Pruned() = default;
  std::size_t runs = 0;
  std::vector<std::string> left;  ///< what could not be removed, one line each
};

/// Removes the logs of old runs.
[[nodiscard]] Pruned prune(const std::filesystem::path& place, std::chrono::system_clock::time_point now,
                           Retention retention = {});

/// Marks a directory that this run has made for itself. Without the mark it is never removed.
void mark_as_ours(const std::filesystem::path& directory);
/// One that the user names is the user's from then on.
void leave_to_user(const std::filesystem::path& directory);

}  // namespace nmz::logs
