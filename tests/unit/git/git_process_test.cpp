// What becomes of a git, or of a filter, when the program that waits for it is killed.
#include "git/git_process.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_directory.hpp"

namespace nmz::git {
namespace {

using support::read_file;
constexpr std::chrono::milliseconds pause{10};
constexpr int pauses = 500;

/// Kills the program while it waits for the command, and says whether that ended, too. The command writes its process
/// id, with a newline, to the file "pid" of its directory.
bool ends_with_its_program(const GitCommand& command) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const pid_t program = ::fork();
  if (program == 0) {
    static_cast<void>(run_git(command));
    ::_exit(0);
  }
  std::string text;
  for (int i = 0; i < pauses && !text.ends_with('\n'); ++i) {
    std::this_thread::sleep_for(pause);
    if (std::filesystem::exists(command.directory / "pid")) text = read_file(command.directory / "pid");
  }
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  const pid_t orphan = std::atoi(text.c_str());  // NOLINT(cert-err34-c): 0 is no process
  if (orphan <= 0) return false;
  for (int i = 0; i < pauses; ++i) {
    if (::waitpid(orphan, nullptr, WNOHANG) == orphan) return true;
    std::this_thread::sleep_for(pause);
  }
  ::kill(orphan, SIGKILL);
  ::waitpid(orphan, nullptr, 0);
  return false;
}

TEST(GitProcess, AStoppedFilterEndsWithItsProgram) {
  const support::TempDirectory place{"filter"};
  GitCommand command;
  command.directory = place.path();
  command.shell = "echo $$ > pid; kill -STOP $$; cat";
  EXPECT_TRUE(ends_with_its_program(command));
}

TEST(GitProcess, AGitThatHangsEndsWithItsProgram) {
  const support::TempDirectory place{"git"};
  GitCommand command;
  command.directory = place.path();
  command.arguments = {"-c", "alias.hang=!echo $PPID > pid; exec sleep 20", "hang"};
  EXPECT_TRUE(ends_with_its_program(command));
}

TEST(GitProcess, WhatCannotBeStartedIsTold) {
  GitCommand command;
  command.directory = "/nonexistent";
  command.arguments = {"version"};
  const auto text = run_git(command);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "cannot start git in /nonexistent: No such file or directory");
}

}  // namespace
}  // namespace nmz::git
