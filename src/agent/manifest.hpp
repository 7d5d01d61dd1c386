// What was laid out in the work tree, and how to see that a test changed it.
//
// The coordinator sends only the difference between two commits, so every tracked file that a test rewrote, removed or
// hid behind a symlink has to be found, or the next commit is tested with the wrong contents. Reading everything again
// after each test is too slow; lstat() is what git's own index relies on. Its known hole is closed: a change in the
// same clock tick as the laying out leaves no trace in the times, so an entry that is not older than the start of the
// job is compared by contents ("racy" entries, as git calls them; only the files of the last few milliseconds).
//
// The manifest is a tree of directories like the one on disk, because both users (the scan here, the sweep of untracked
// files) walk directory by directory with openat() and never follow a symlink that a test put in a parent's place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace nmz::agent {

struct Signature {
  Signature() = default;
  Signature(const struct stat& status, std::uint64_t content_hash);

  /// Whether the file looks untouched; says nothing about changes in the same clock tick.
  [[nodiscard]] bool matches(const struct stat& status) const;

  ino_t inode = 0;
  mode_t mode = 0;
  off_t size = 0;
  timespec modified{};
  timespec changed{};
  std::uint64_t content = 0;
};

class Manifest {
 public:
  struct Directory {
    bool wanted = false;  ///< has to exist although nothing may be in it
    std::map<std::string, Signature, std::less<>> files;
    std::map<std::string, std::unique_ptr<Directory>, std::less<>> directories;
  };

  /// False until the first complete tree, and again after a failed one: nothing is known about the files then.
  [[nodiscard]] bool known() const { return known_; }
  void set_known(bool known) { known_ = known; }
  void clear() { root_ = Directory{}; }

  /// A name is a file or a directory: recording the one forgets the other.
  void record_file(std::string_view path, const Signature& signature);
  void record_directory(std::string_view path);
  /// Forgets the file or the whole directory, and the directories that hold nothing else.
  void erase(std::string_view path);

  [[nodiscard]] const Directory& root() const { return root_; }
  [[nodiscard]] const Signature* find_file(std::string_view path) const;
  [[nodiscard]] const Directory* find_directory(std::string_view path) const;

  /// Whether a tracked path other than `path` is this very file or directory on disk: on a file system that ignores
  /// case or normalises names, two paths of a commit may be one. `status` is what is there, `tree` the open root.
  [[nodiscard]] bool collides(std::string_view path, const struct stat& status, int tree) const;

  using Report = std::function<void(std::string path)>;
  /// Reports every tracked path that is no longer as it was laid out. `tree`: the work tree's root directory, or -1
  /// when it is gone. `since`: the coarse clock when the job started (see the racy entries above). With `renewed`, the
  /// directories become as if they had just been made with these permissions.
  void report_changes(int tree, const timespec& since, const Report& report, mode_t renewed = 0) const;

 private:
  Directory root_;
  bool known_ = false;
};

/// Hashes file contents piece by piece; the pieces may be cut anywhere. Not cryptographic: it tells a file from the
/// same file after a test, not from one that an attacker made.
class ContentHash {
 public:
  void add(std::string_view bytes);
  [[nodiscard]] std::uint64_t value() const;

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15ULL;
  std::uint64_t word_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace nmz::agent
