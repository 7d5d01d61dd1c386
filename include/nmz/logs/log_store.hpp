// The logs of the tested commits, one file an execution.
//
// COMMIT.log is the first attempt's, COMMIT.attempt-2.log the next one's. The log of an execution that was cancelled
// because its outcome did not matter any more is removed. A log that cannot be written (a full disk) costs a notice,
// never a verdict.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::logs {

class LogStore {
 public:
  /// Makes the directory if it is missing. Empty: a new one below the user's state directory, named after `title`.
  static Result<LogStore> open(const std::string& directory, const std::string& title);

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  void append(wire::JobId job, const std::string& commit, std::uint32_t attempt, std::string_view bytes);
  /// The execution is over; returns the log's path (also where it is empty), or "" if it was not kept.
  std::string close(wire::JobId job, const std::string& commit, std::uint32_t attempt, bool keep);
  /// What went wrong first, once; empty otherwise.
  [[nodiscard]] std::string take_trouble();
  /// Writes a whole file of that name beside the logs, replacing it at once.
  Result<void> write(const std::string& name, const std::string& text);

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  using File = std::unique_ptr<std::FILE, CloseFile>;

  explicit LogStore(std::filesystem::path directory) : directory_{std::move(directory)} {}
  [[nodiscard]] std::filesystem::path path(const std::string& commit, std::uint32_t attempt) const;
  File& file(wire::JobId job, const std::string& commit, std::uint32_t attempt);

  std::filesystem::path directory_;
  std::map<wire::JobId, File> files_;
  std::string trouble_;
  bool troubled_ = false;
};

}  // namespace nmz::logs
