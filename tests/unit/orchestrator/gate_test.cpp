#include "gate.hpp"

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/orchestrator/kept_trees.hpp"
#include "nmz/orchestrator/run_directory.hpp"

#include "support/temp_directory.hpp"

namespace nmz::orchestrator {
namespace {

namespace fs = std::filesystem;
using support::TempDirectory;

files::UniqueFd open_directory(const fs::path& path) {
  return files::UniqueFd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

TEST(GateTest, NothingOfItStays) {
  const TempDirectory temp;
  {
    const auto run = RunDirectory::create(temp.path());
    ASSERT_TRUE(run);
  }
  EXPECT_TRUE(fs::is_empty(temp.path()));
  EXPECT_TRUE(kept_directories(temp.path()).empty());
  EXPECT_TRUE(fs::is_empty(temp.path()));
}

TEST(GateTest, AFileOfTheUsersStaysAsItIs) {
  for (const std::string content : {"", "the user's own\n"}) {
    const TempDirectory temp;
    support::write_file(temp.path() / "lock", content);
    ASSERT_TRUE(RunDirectory::create(temp.path()));
    ASSERT_TRUE(fs::exists(temp.path() / "lock"));
    EXPECT_EQ(support::read_file(temp.path() / "lock"), content);
  }
}

TEST(GateTest, WhatIsNoFileIsRefusedOrLocked) {
  const TempDirectory temp;
  fs::create_directory_symlink(temp.path(), temp.path() / "lock");
  EXPECT_FALSE(RunDirectory::create(temp.path()));
  fs::remove(temp.path() / "lock");
  ASSERT_EQ(::mkfifo((temp.path() / "lock").c_str(), 0600), 0);
  EXPECT_TRUE(RunDirectory::create(temp.path()));
  EXPECT_TRUE(fs::is_fifo(temp.path() / "lock"));
}

/// What a program that was killed has left goes with the next one.
TEST(GateTest, ALeftOneGoes) {
  const TempDirectory temp;
  const files::UniqueFd directory = open_directory(temp.path());
  const pid_t killed = ::fork();
  if (killed == 0) {
    const Gate held = Gate::enter(directory.get(), temp.path());
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(killed, nullptr, 0);
  ASSERT_TRUE(fs::exists(temp.path() / "lock"));
  ASSERT_TRUE(RunDirectory::create(temp.path()));
  EXPECT_FALSE(fs::exists(temp.path() / "lock"));
}

TEST(GateTest, OfADirectoryThatHasGoneIsNotWaitedFor) {
  const TempDirectory temp;
  fs::create_directory(temp.path() / "gone");
  const files::UniqueFd directory = open_directory(temp.path() / "gone");
  fs::remove(temp.path() / "gone");
  EXPECT_FALSE(Gate::enter(directory.get(), temp.path() / "gone"));
}

/// Its file comes and goes all the time, and yet only one is inside.
TEST(GateTest, OneAtATime) {
  constexpr int programs = 4;
  constexpr int rounds = 300;
  const TempDirectory temp;
  support::write_file(temp.path() / "count", "0");
  std::vector<pid_t> children;
  for (int i = 0; i < programs; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    const files::UniqueFd directory = open_directory(temp.path());
    for (int round = 0; round < rounds; ++round) {
      const Gate gate = Gate::enter(directory.get(), temp.path());
      if (!gate) ::_exit(1);
      support::write_file(temp.path() / "count",
                          std::to_string(std::stoi(support::read_file(temp.path() / "count")) + 1));
    }
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(support::read_file(temp.path() / "count"), std::to_string(programs * rounds));
  EXPECT_FALSE(fs::exists(temp.path() / "lock"));
}

}  // namespace
}  // namespace nmz::orchestrator
