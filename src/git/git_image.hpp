// The content of a git directory that does not change with the commit, kept in memory so that what a test has done to
// it can be put right.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <sys/types.h>

#include "nmz/error/result.hpp"

#include "object_source.hpp"

namespace nmz::git {

/// Tells whether a file is still the one that was put there.
struct Stamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  /// Of a regular file; otherwise none() is true of it.
  static Stamp of(int directory, const char* name);
  [[nodiscard]] bool none() const { return inode == 0; }
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

struct GitImage {
  struct File {
    std::string content;
    bool executable = false;
    friend bool operator==(const File&, const File&) = default;
  };
  /// By path below the git directory. The configuration files are the user's, without what is said by us.
  std::map<std::string, File> files;
  std::map<std::string, std::string> links;  ///< likewise, to the target
  std::string refs;                          ///< packed-refs
  std::filesystem::path refs_file;           ///< the same as a file, to link to
  Stamp refs_stamp;                          ///< of it
};

/// `stand_in`: of this repository; made.
[[nodiscard]] Result<GitImage> read_git_image(const ObjectSource& source, const std::filesystem::path& stand_in);

}  // namespace nmz::git
