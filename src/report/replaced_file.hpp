// A file that is there complete or not at all.
//
// Written as FILE.new beside it and renamed, so that whoever reads FILE meanwhile, or after this program was killed,
// finds the report of an earlier run or the whole new one. What is no regular file (/dev/stdout, a pipe) is written
// straight: renaming would replace the device. A symbolic link is followed, not replaced.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "nmz/error/result.hpp"

namespace nmz::report {

class ReplacedFile {
 public:
  /// Errors (misconfigured): the file cannot be made.
  [[nodiscard]] static Result<ReplacedFile> open(const std::filesystem::path& file);

  ReplacedFile(ReplacedFile&&) noexcept = default;
  ReplacedFile& operator=(ReplacedFile&&) = delete;
  ReplacedFile(const ReplacedFile&) = delete;
  ReplacedFile& operator=(const ReplacedFile&) = delete;
  /// Without commit() the draft is removed.
  ~ReplacedFile();

  /// What goes wrong is told by commit().
  void write(std::string_view text);
  /// The last call. Errors (retryable): a full disk.
  [[nodiscard]] Result<void> commit();

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
  };
  ReplacedFile(std::filesystem::path target, std::filesystem::path draft)
      : target_{std::move(target)}, draft_{std::move(draft)} {}

  void remove_draft() const;

  std::filesystem::path target_;
  std::filesystem::path draft_;  ///< the target itself where nothing is renamed
  std::unique_ptr<std::FILE, Close> out_;
  int trouble_ = 0;
};

}  // namespace nmz::report
