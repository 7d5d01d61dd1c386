// Runs a program for a test and says how it ended.
//
// No shell takes part. The program leads a process group of its own, which is killed when the time is up, so that a
// hanging test ends by itself and names what hung. A daemon that the program leaves behind holding its output does
// not keep the caller waiting: what was written until the program's end is what is returned.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace nmz::support {

struct Program {
  Program() = default;
  explicit Program(std::vector<std::string> argv_in) : argv{std::move(argv_in)} {}

  std::vector<std::string> argv;    ///< argv[0] is looked up in PATH unless it has a '/'
  std::filesystem::path directory;  ///< where to run; empty = here
  std::vector<std::string> env;     ///< "NAME=value", added to our own environment
  std::vector<std::string> unset;   ///< names removed from it; "NAME*" removes every name that begins so
  std::string input;                ///< stdin
  std::chrono::milliseconds timeout{60'000};
};

struct Ended {
  int exit_code = -1;  ///< -1 when a signal ended it
  int signal = 0;      ///< 0 when it ended by itself
  bool timed_out = false;
  std::string out;
  std::string err;
  std::chrono::nanoseconds duration{0};
  std::size_t peak_memory = 0;  ///< resident, in bytes; never less than that of the starting process
};

/// Throws std::system_error when the program cannot be started.
[[nodiscard]] Ended run_program(const Program& program);

}  // namespace nmz::support
