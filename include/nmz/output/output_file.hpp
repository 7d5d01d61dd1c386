// The files that a run leaves for other programs, for all reports of both programs.
//
// A run may take hours, so that what cannot be written has to be told before it begins: check_output() makes missing
// folders and tries. "-" is standard output.
//
// A report of a run's end is there complete or not at all: it is written as FILE.new beside it and renamed, so that
// whoever reads FILE meanwhile, or after this program was killed, finds the report of an earlier run or the whole new
// one. Where FILE.new is there already it is somebody's, and the draft has another name. It is opened anew at the end,
// with its folders, because a test may have cleaned up between. What is no regular file (/dev/stdout, a pipe) is
// written straight: renaming would replace the device. A symbolic link is followed, not replaced. A report of what
// happens is written straight, too, for those who follow it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "nmz/error/result.hpp"

namespace nmz::output {

inline constexpr const char* standard_output = "-";

class OutputFile {
 public:
  enum class Way : std::uint8_t { replaced, straight };

  /// Errors (misconfigured): the file cannot be made.
  [[nodiscard]] static Result<OutputFile> open(const std::string& file, Way way);

  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Without commit() a draft is removed.
  ~OutputFile();

  /// What goes wrong is told by commit().
  void write(std::string_view text);
  /// For those who follow the file.
  void flush();
  /// The last call. Errors (retryable): a full disk.
  [[nodiscard]] Result<void> commit();

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
  };
  OutputFile(std::filesystem::path target, std::filesystem::path draft)
      : target_{std::move(target)}, draft_{std::move(draft)} {}

  void remove_draft() const;

  std::filesystem::path target_;
  std::filesystem::path draft_;            ///< the target itself where nothing is renamed
  std::unique_ptr<std::FILE, Close> out_;  ///< none: standard output
  bool standard_ = false;
  int trouble_ = 0;
};

/// Makes a file that was not there, for what is renamed to `target` when it is complete, and says in `draft` which.
/// None with errno set.
[[nodiscard]] std::FILE* make_draft(const std::filesystem::path& target, std::filesystem::path& draft);

/// Whether a report can be written there; leaves an existing file as it is. An empty name is no report.
[[nodiscard]] Result<void> check_output(const std::string& file);

/// By name, or by what is there: a link, a directory that is reached in two ways. Devices take anything and are never
/// the same.
[[nodiscard]] bool is_same_file(const std::string& one, const std::string& other);

/// An option that names a report's file.
struct ReportOption {
  std::string_view name;
  const std::string& file;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members): for a list in a call
};

/// Two reports cannot share standard output, nor a file. Errors (misconfigured) name both options.
[[nodiscard]] Result<void> check_apart(std::initializer_list<ReportOption> reports);

}  // namespace nmz::output
