// The logs of the tested commits, one file an execution.
//
// COMMIT.log is the first attempt's, COMMIT.attempt-2.log the next one's. The log of an execution that was cancelled
// because its outcome did not matter any more is removed. A log that cannot be written (a full disk) costs a notice,
// never a verdict. A directory is one run's for as long as it lasts: a second one at the same time would write the same
// files.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <dirent.h>

#include "nmz/error/result.hpp"
#include "nmz/job/outcome.hpp"

namespace nmz::logs {

class LogStore {
 public:
  /// Makes the directory if it is missing. Empty: a new one below the user's state directory, named after `title`.
  /// Errors (misconfigured): it cannot be written, or another run keeps its logs there.
  static Result<LogStore> open(const std::string& directory, const std::string& title);

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  void append(job::JobId job, const std::string& commit, std::uint32_t attempt, std::string_view bytes);
  /// The execution is over; returns the log's path (also where it is empty), or "" if it was not kept.
  std::string close(job::JobId job, const std::string& commit, std::uint32_t attempt, bool keep);
  /// What went wrong first, once; empty otherwise.
  [[nodiscard]] std::string take_trouble();
  /// Writes a whole file of that name beside the logs, replacing it at once.
  Result<void> write(const std::string& name, const std::string& text);

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  using File = std::unique_ptr<std::FILE, CloseFile>;

  struct CloseDirectory {
    void operator()(DIR* directory) const { static_cast<void>(::closedir(directory)); }
  };
  using Directory = std::unique_ptr<DIR, CloseDirectory>;

  LogStore(std::filesystem::path directory, Directory locked)
      : directory_{std::move(directory)}, locked_{std::move(locked)} {}
  [[nodiscard]] std::filesystem::path path(const std::string& commit, std::uint32_t attempt) const;
  File& file(job::JobId job, const std::string& commit, std::uint32_t attempt);

  std::filesystem::path directory_;
  Directory locked_;  ///< gives the lock up, as the end of the program does
  std::map<job::JobId, File> files_;
  std::string trouble_;
  bool troubled_ = false;
};

}  // namespace nmz::logs
