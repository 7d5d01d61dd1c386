// A directory that exists for the length of a test.
//
// Every test writes below one of these, so that tests run side by side and leave nothing behind. Its removal makes
// directories writable first: read-only trees are among the things we test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nmz::support {

class TempDirectory {
 public:
  /// Made below the system's directory for temporary files; `name` is part of its name, for whoever looks there.
  explicit TempDirectory(std::string_view name = "test");
  /// Below `base`, for what has to be the same for all: worlds have a /tmp of their own.
  TempDirectory(std::string_view name, const std::filesystem::path& base);
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  TempDirectory(TempDirectory&& other) noexcept;
  TempDirectory& operator=(TempDirectory&&) = delete;
  ~TempDirectory();

  /// Absolute and without symbolic links.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The file's bytes; throws when it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& file);

/// Writes the file, and its parent directories where they are missing; throws when it cannot.
void write_file(const std::filesystem::path& file, std::string_view content);

}  // namespace nmz::support
