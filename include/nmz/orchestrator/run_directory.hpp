// The directory a local run lives in, and what earlier runs left behind.
//
//     BASE/lock                 held while run directories come and go
//     BASE/run-XXXXXX/lock      held by the run for as long as it lives
//     BASE/run-XXXXXX/w0/...    a worker's work tree and git directory
//
// A run directory whose lock is free belongs to a program that was killed: whoever comes next ends what still runs
// from there (found by NMZ_RUN in its environment) and removes the directory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "nmz/error/result.hpp"

namespace nmz::orchestrator {

class RunDirectory {
 public:
  struct Swept {
    std::size_t directories = 0;
    std::size_t processes = 0;
  };

  /// Creates a fresh run directory below `base` (made if missing) after sweeping what dead runs left there.
  /// `remedy`: what a user can do where `base` cannot be used.
  [[nodiscard]] static Result<RunDirectory> create(const std::filesystem::path& base,
                                                   const std::string& remedy = "choose another place with --work-dir");

  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  RunDirectory(RunDirectory&& other) noexcept;
  RunDirectory& operator=(RunDirectory&& other) noexcept = delete;
  /// Removes the directory with everything in it.
  ~RunDirectory();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const Swept& swept() const { return swept_; }

 private:
  RunDirectory(std::filesystem::path path, int lock, Swept swept);

  std::filesystem::path path_;
  int lock_ = -1;
  Swept swept_;
};

}  // namespace nmz::orchestrator
