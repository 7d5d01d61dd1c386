// The surroundings of one black-box test: everything nmzbisect may write to, and every process it may start.
//
// The program gets a home, a place for its work trees and a directory for temporary files of the test's own, and a mark
// in its environment that every process started from it inherits. So "nothing is left" can be said exactly: these
// directories are looked through, and /proc is searched for the mark, whatever sessions and parents the processes have
// chosen. What a failing test leaves behind is killed when the workplace goes.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include <sys/types.h>

#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::conformance {

using support::Ended;

class Workplace {
 public:
  Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  Workplace(Workplace&&) = delete;
  Workplace& operator=(Workplace&&) = delete;
  ~Workplace();

  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path work_dir() const { return path() / "work"; }
  [[nodiscard]] std::filesystem::path log_dir() const { return path() / "logs"; }
  /// A file of this name for scripts to write to; its directory exists.
  [[nodiscard]] std::filesystem::path note(const std::string& name) const { return path() / "notes" / name; }

  /// Any program in these surroundings.
  [[nodiscard]] support::Program program(const std::filesystem::path& directory, std::vector<std::string> argv) const;
  /// `nmzbisect <arguments>`, started in `directory`; with --work-dir and --log-dir of this workplace unless given.
  [[nodiscard]] support::Program bisect_program(const std::filesystem::path& directory,
                                                const std::vector<std::string>& arguments) const;
  [[nodiscard]] Ended bisect(const std::filesystem::path& directory, const std::vector<std::string>& arguments) const;
  /// The same beside the test; wait for it with get().
  [[nodiscard]] std::future<Ended> bisect_beside(const std::filesystem::path& directory,
                                                 const std::vector<std::string>& arguments) const;

  /// Everything alive that carries the mark.
  [[nodiscard]] std::vector<pid_t> processes() const;
  /// Of these, the ones that run nmzbisect itself, or nmzagent.
  [[nodiscard]] std::vector<pid_t> bisect_processes() const;
  [[nodiscard]] std::vector<pid_t> agent_processes() const;
  /// What was written below the home, the work trees' place and the directory for temporary files and is still there;
  /// empty directories of the first, its note of the last search, and what is remembered of it count as nothing.
  [[nodiscard]] std::vector<std::string> leftovers() const;

 private:
  [[nodiscard]] std::vector<pid_t> processes_of(const std::string& program) const;

  support::TempDirectory directory_;
};

/// Looks until `happened`, at most for `patience`; false when it did not.
bool wait_until(const std::function<bool()>& happened, std::chrono::milliseconds patience = std::chrono::seconds{30});

/// Lines of a file a script appends to; none while it does not exist.
std::vector<std::string> lines_of(const std::filesystem::path& file);
std::vector<std::string> split_lines(const std::string& text);

}  // namespace nmz::conformance
