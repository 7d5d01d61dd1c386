// Removing what tests leave behind: everything below a directory, or what is not to be kept.
//
// Tests leave anything: directories without permissions, immutable files, chains of directories deeper than PATH_MAX or
// than the number of descriptors, and mounts, which std::filesystem::remove_all would empty: somebody's home, when a
// test mounted it. So removal walks with descriptors, of which it holds four whatever the depth; never follows a
// symlink; never enters a mount or another device, but detaches what is mounted, where it may; and goes up by ".." only
// to the very directory it came from. Permissions and flags are repaired only when something was refused. What cannot
// be removed is no end of it: the rest goes, and the caller is told what stayed and why.
//
// Plain POSIX and Linux, no streams and no std::filesystem: the agent is compiled with it and has to stay small.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace nmz::files {

/// Something that could not be removed.
struct Leftover {
  std::string path;      ///< from the directory that was to be emptied
  int error = 0;         ///< an errno; EBUSY for a mount
  bool mounted = false;  ///< something is mounted there, which may not be touched
};

/// What stayed: the first of them, and how many there are.
struct Leftovers {
  std::vector<Leftover> first;
  std::size_t count = 0;

  void add(Leftover leftover);
};

/// What is to stay. Told of each directory that is entered and left again, so that it knows where it is.
class Keep {
 public:
  Keep() = default;
  Keep(const Keep&) = delete;
  Keep& operator=(const Keep&) = delete;
  Keep(Keep&&) = delete;
  Keep& operator=(Keep&&) = delete;
  virtual ~Keep() = default;

  /// An entry that stays, with all that is below it.
  [[nodiscard]] virtual bool keeps(const std::string& name, bool is_directory) const = 0;
  virtual void enter(const std::string& name) = 0;
  /// Whether the directory that is left stays even when it is empty.
  virtual bool leave() = 0;
};

/// The file of that name at the top stays: it says whose the directory is, and is the last to go.
class KeepFile final : public Keep {
 public:
  explicit KeepFile(std::string name) : name_{std::move(name)} {}
  [[nodiscard]] bool keeps(const std::string& name, bool is_directory) const override {
    return depth_ == 0 && !is_directory && name == name_;
  }
  void enter(const std::string& /*name*/) override { ++depth_; }
  bool leave() override {
    --depth_;
    return false;
  }

 private:
  std::string name_;
  std::size_t depth_ = 0;
};

/// Called every now and then during long work.
using Progress = std::function<void()>;

/// Removes all that is below the open directory; `keep` may be null. The directory itself stays.
[[nodiscard]] Leftovers empty_directory(int directory, Keep* keep, const Progress& progress);

/// Removes the entry, with all that is below it. What does not exist is removed.
[[nodiscard]] Leftovers remove_entry(int parent, const std::string& name, const Progress& progress);

/// Opens a directory below `parent` that is no symlink and nothing mounted (EXDEV). When permissions are missing they
/// are added first. -1 with errno set when that fails.
[[nodiscard]] int open_directory(int parent, const char* name);

/// The same, after what is mounted there was detached, if this process may do that.
[[nodiscard]] int open_own_directory(int parent, const char* name);

/// Lets this process make and remove entries in the directory again, after EACCES or EPERM. False when it cannot.
[[nodiscard]] bool unlock_directory(int directory);

/// The same for what need not be ours: nothing is changed to get at it.
[[nodiscard]] int open_here(int parent, const char* name);

/// Takes away what is mounted on the entry, without looking into it. False when nothing is, or this process may not.
[[nodiscard]] bool detach_mount(int parent, const char* name);

/// The same for a descriptor of what is mounted.
[[nodiscard]] bool detach_mounted(int mounted);

}  // namespace nmz::files
