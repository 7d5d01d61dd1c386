// Test runners: pytest, ctest, ... as values.
//
// A runner is asked for two scripts (one lists the tests, one runs some of them in one process) and reads what they
// leave. It does neither itself: scripts are given to /bin/sh on a worker, which may be a container on another machine,
// and their reports come back in the worker's one stream (envelope.hpp). Where a runner takes plug-ins, ours writes a
// journal (journal.hpp), line by line, so that what a process has done before it died is known; where it does not, the
// runner's own report is read.
//
// Both scripts find in "$@" what the user wrote after `--`, and in $nmz a directory of their own, in which stand the
// files of Script::files and, for tests that run, `ids`: one test a line. What is called report* there afterwards is
// the report. They must not need more than POSIX's shell.
//
// Pure: text in, values out.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::runner {

/// error: not the test's own claim failed, but something before or after it. crashed: its process ended under it.
/// unreported: its process ended well and did not say anything about it.
enum class Verdict : std::uint8_t {
  passed,
  failed,
  error,
  skipped,
  expected_failure,
  disabled,
  timed_out,
  crashed,
  unreported,
};

/// "passed", "expected failure", ...
[[nodiscard]] const char* to_string(Verdict verdict);
/// Something is wrong with the test, or with what it tests.
[[nodiscard]] bool is_failure(Verdict verdict);
/// It said nothing, and that is as it should be.
[[nodiscard]] bool is_skip(Verdict verdict);

struct TestEnd {
  TestEnd() = default;
  std::string id;
  Verdict verdict = Verdict::passed;
  std::chrono::nanoseconds took{0};
  std::string detail;  ///< one line, may be empty
  std::string output;  ///< the end of what it wrote and of why it failed; bounded by the reader
};

/// What is known of a process that ran tests.
struct Report {
  Report() = default;
  std::vector<TestEnd> ends;
  std::optional<std::string> running;  ///< a test that began and did not end
};

struct Script {
  Script() = default;
  Script(std::string text_in, std::vector<std::string> arguments_in)
      : text{std::move(text_in)}, arguments{std::move(arguments_in)} {}
  std::string text;                                        ///< for /bin/sh
  std::vector<std::string> arguments;                      ///< its "$@"
  std::vector<std::pair<std::string, std::string>> files;  ///< names in $nmz, contents
};

struct File {
  std::string name;  ///< in $nmz
  std::string content;
};

/// A directory, as far as it says which runner it is for.
struct Surroundings {
  std::vector<std::string> files;                               ///< names in it
  std::function<std::string(const std::string& file)> content;  ///< the beginning of one of them

  [[nodiscard]] bool has(std::string_view file) const;
  /// The file is there and has this text in it.
  [[nodiscard]] bool says(const std::string& file, std::string_view text) const;
  /// The first file whose name ends so; empty if there is none.
  [[nodiscard]] std::string ending(std::string_view suffix) const;
};

class Runner {
 public:
  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  Runner(Runner&&) = delete;
  Runner& operator=(Runner&&) = delete;
  virtual ~Runner() = default;

  /// `given`: what the user wrote after `--`.
  [[nodiscard]] virtual Script list(const std::vector<std::string>& given) const = 0;
  /// Of the list's standard output: ids, in the order in which they are to run. Errors (rejected).
  [[nodiscard]] virtual Result<std::vector<std::string>> read_list(std::string_view output) const;
  /// Of the same: how long tests took before, where the list says that.
  [[nodiscard]] virtual std::vector<TestEnd> read_times(std::string_view /*output*/) const { return {}; }

  [[nodiscard]] virtual Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const = 0;
  /// Never fails: what cannot be read tells nothing, and tests without an end are dealt with by whoever asked.
  [[nodiscard]] virtual Report read_report(std::span<const File> files, std::span<const std::string> ids) const = 0;

  /// Tests of which this differs cannot run in one process.
  [[nodiscard]] virtual std::string_view unit(std::string_view /*id*/) const { return {}; }
  /// Tests that can run in one process.
  [[nodiscard]] virtual std::size_t most_together() const { return 500; }

  /// There is no report: the process's exit status is its one test's verdict.
  [[nodiscard]] virtual bool status_is_verdict() const { return false; }

  /// The file by which this directory is one for this runner; empty if it is none.
  [[nodiscard]] virtual std::string detect(const Surroundings& /*directory*/) const { return {}; }
};

/// One that comes with this program, or nothing.
[[nodiscard]] std::unique_ptr<Runner> make(std::string_view name);
/// All of them, by name.
[[nodiscard]] std::vector<std::string> names();

/// One that somebody has described in a file of `list = `, `run = ` and `report = `. Errors (misconfigured).
[[nodiscard]] Result<std::unique_ptr<Runner>> described(std::string_view text, const std::string& file);

struct Found {
  std::string runner;
  std::string because;  ///< a file's name
};
/// Which runners a directory is for, the likeliest first.
[[nodiscard]] std::vector<Found> detect(const Surroundings& directory);

}  // namespace nmz::runner
