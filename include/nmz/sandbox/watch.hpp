// The checkout while a search runs: its user goes on working in it.
//
// What was tracked when the search began is hidden for good (mask.hpp). But names can come: files of another branch
// that is checked out meanwhile, in directories of which something untracked is seen. They are hidden before the next
// test begins, so that no verdict is about them. What is untracked and changes cannot be kept apart (an overlay shows
// what its lower directory has); it is told at the end.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace nmz::sandbox {

class Watch {
 public:
  /// `untracked`, `mask`: as make_mask() had them.
  Watch(std::filesystem::path checkout, const std::vector<std::string>& untracked, std::filesystem::path mask);

  /// Before a test: what has come since the search began is not seen by it. From any thread.
  void hide_new_names();

  /// Untracked entries that are not as they were, and names that have come; some of them, if there are many.
  [[nodiscard]] std::vector<std::string> changes();

 private:
  std::filesystem::path checkout_;
  std::filesystem::path mask_;
  timespec began_{};
  std::vector<std::string> seen_;                       ///< untracked entries
  std::map<std::string, std::set<std::string>> names_;  ///< of each directory that holds one, as it was
  std::set<std::string> came_;                          ///< later
  std::mutex mutex_;
};

}  // namespace nmz::sandbox
