// A run as one file that a colleague opens on another machine: a compressed tar archive of its log directory, which has
// the recording, the logs, and git's log. `PROGRAM export RUN FILE` makes it, `PROGRAM show FILE` opens it.
//
// It comes from elsewhere, so nothing of it is trusted: of each entry the name alone counts, links and devices are left
// out, and so is what goes beyond a size that no disk should be filled with.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "nmz/error/result.hpp"

namespace nmz::run {

/// Errors (not_found): it is no run. (misconfigured, retryable): the file cannot be written.
[[nodiscard]] Result<void> pack_run(const std::filesystem::path& directory, const std::string& file);

/// A directory that goes with this.
class UnpackedRun {
 public:
  explicit UnpackedRun(std::filesystem::path directory) : directory_{std::move(directory)} {}
  UnpackedRun(UnpackedRun&& other) noexcept : directory_{std::exchange(other.directory_, {})} {}
  UnpackedRun& operator=(UnpackedRun&&) = delete;
  UnpackedRun(const UnpackedRun&) = delete;
  UnpackedRun& operator=(const UnpackedRun&) = delete;
  ~UnpackedRun();

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

/// Errors (rejected): it is no such file.
[[nodiscard]] Result<UnpackedRun> unpack_run(const std::filesystem::path& file);

}  // namespace nmz::run
