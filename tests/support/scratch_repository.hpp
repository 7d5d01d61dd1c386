// A real git repository with a described history, for one test.
//
// The history goes in through `git fast-import`: a thousand commits take a few milliseconds, where `git commit` takes
// seconds. Identities and dates are fixed, so the same description gives the same commit ids everywhere. git runs
// without the configuration of whoever runs the tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "run_program.hpp"
#include "temp_directory.hpp"

namespace nmz::support {

struct ScratchFile {
  ScratchFile() = default;
  ScratchFile(std::string content_in)
      : content{std::move(content_in)} {
  }  // NOLINT(google-explicit-constructor,hicpp-explicit-conversions): reads as a table
  ScratchFile(const char* content_in)
      : content{content_in} {}  // NOLINT(google-explicit-constructor,hicpp-explicit-conversions): same
  ScratchFile(std::string mode_in, std::string content_in) : mode{std::move(mode_in)}, content{std::move(content_in)} {}

  std::string mode = "100644";  ///< 100644, 100755, 120000 (content is the target) or 160000 (content is the commit id)
  std::string content;
};

/// Commits are numbered as they are described, from 0.
struct ScratchCommit {
  ScratchCommit() = default;
  ScratchCommit(std::vector<std::size_t> parents_in, std::map<std::string, ScratchFile> files_in = {})
      : parents{std::move(parents_in)}, files{std::move(files_in)} {}

  std::vector<std::size_t> parents;          ///< earlier commits; none = a root
  std::map<std::string, ScratchFile> files;  ///< changed against the first parent; paths are any bytes
  std::vector<std::string> removed;          ///< paths, done before `files`
  std::vector<std::string> tags;             ///< lightweight
  std::string message;                       ///< empty = "commit <number>"
  std::optional<std::int64_t> date;          ///< seconds; by default a minute after the commit before
};

class ScratchRepository {
 public:
  /// Runs `git init` with these options ("--bare", "--object-format=sha256") in a new directory `name`.
  explicit ScratchRepository(const std::vector<std::string>& init_options = {}, const std::string& name = "repo");

  /// Adds commits; may be called again, numbers go on. Branch main is moved to the last one.
  void add(const std::vector<ScratchCommit>& commits);
  /// The same, then checks out main.
  void add_and_checkout(const std::vector<ScratchCommit>& commits);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Where `path()` is; other directories of the test can be made beside it.
  [[nodiscard]] const std::filesystem::path& parent() const { return directory_.path(); }
  /// 40 (or 64) hex digits of each commit.
  [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }

  /// What git prints, without the final newline. Throws std::runtime_error with git's complaint when it fails.
  std::string git(const std::vector<std::string>& arguments) const;
  /// The same in another directory.
  static std::string git_in(const std::filesystem::path& directory, const std::vector<std::string>& arguments);
  /// Whatever happens; also for what is expected to fail.
  [[nodiscard]] Ended try_git(const std::vector<std::string>& arguments) const;

 private:
  TempDirectory directory_;
  std::filesystem::path path_;
  std::vector<std::string> ids_;
};

/// `git` with these arguments, in a clean environment.
[[nodiscard]] Program git_program(const std::filesystem::path& directory, const std::vector<std::string>& arguments);

/// Makes our own process's environment as clean as git_program()'s, for code under test that starts git itself.
void adopt_git_environment();

}  // namespace nmz::support
