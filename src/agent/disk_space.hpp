// Whether a failed command may have failed because of a full disk.
//
// Then the failure says something about this worker, and not about the commit. Tests clean up after themselves, and the
// disk may be full because of what another worker's test is doing: what is free afterwards says little. So the file
// systems are watched while the command runs. statvfs() costs a microsecond; it is asked every 50 ms, and every 4 ms
// once a file system has so little left that a test could fill it in that time.
//
// Still a disk may be full for less than that. Therefore two marks: below the lower one (16 MiB, or an eighth of a
// small file system) space was as good as gone; below the upper one it may have been gone for an instant, which is
// believed if the command says so (last_words.hpp). With much space seen at every look such words are the command's own
// business: a test of its own small file system, or of /dev/full. Where a command only sometimes writes (the home
// directory, shared memory) little space says nothing by itself, and only explains such words.
//
// What asks for much at once, is refused and says nothing leaves no trace of that. But where as much was taken
// meanwhile as there was left, a second demand like it would have been refused: then the disk was tight, and the
// verdict is one that another test could have spoilt unnoticed.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "unique_fd.hpp"

namespace nmz::agent {

/// Looks at one moment, also by writing: statvfs() knows nothing of quotas and project limits.
/// `directory`: open; what is not is not full.
[[nodiscard]] bool disk_is_full(int directory);

/// Of directories as they are when the watch begins: what the command mounts there, and may never answer (FUSE), is its
/// own.
class DiskWatch {
 public:
  using Clock = std::chrono::steady_clock;

  DiskWatch() = default;
  /// `elsewhere`: where the command may write, too.
  DiskWatch(const std::vector<std::string>& directories, const std::vector<std::string>& elsewhere);

  /// Looks, unless it has just done so.
  void look(Clock::time_point now);
  /// Looks whatever it has just done: what came last is in none of the looks before.
  void look_at_the_end(Clock::time_point now) {
    last_look_ = {};
    look(now);
  }
  [[nodiscard]] Clock::time_point next_look() const { return next_look_; }

  /// Nothing can be written at this moment.
  [[nodiscard]] bool refuses() const;
  /// Space or inodes were as good as gone at some look.
  [[nodiscard]] bool was_full() const { return was_full_; }
  /// They may have been gone in between.
  [[nodiscard]] bool was_low() const { return was_low_; }
  /// What was taken meanwhile would not have fitted twice.
  [[nodiscard]] bool was_tight() const { return was_tight_; }

 private:
  std::vector<UniqueFd> directories_;
  std::vector<UniqueFd> elsewhere_;
  std::vector<std::uint64_t> most_free_;  ///< bytes, at any look, of each of `directories_`
  Clock::time_point last_look_;
  Clock::time_point next_look_;
  bool was_full_ = false;
  bool was_low_ = false;
  bool was_tight_ = false;
};

}  // namespace nmz::agent
