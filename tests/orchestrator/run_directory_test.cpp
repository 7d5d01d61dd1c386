#include "nmz/orchestrator/run_directory.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_directory.hpp"

namespace nmz::orchestrator {
namespace {

namespace fs = std::filesystem;
using support::TempDirectory;

std::size_t runs_in(const fs::path& base) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator{base}) {
    if (entry.path().filename().string().starts_with("run-")) ++count;
  }
  return count;
}

/// A program that makes a run directory with a work tree and a test process in it, and is then killed: returns the
/// test process, which lives on.
pid_t killed_run(const fs::path& base) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  const pid_t program = ::fork();
  if (program == 0) {
    auto made = RunDirectory::create(base);
    fs::create_directories(made->path() / "w0" / "tree" / "locked");
    std::ofstream{made->path() / "w0" / "tree" / "locked" / "file"} << "content";
    fs::permissions(made->path() / "w0" / "tree" / "locked", fs::perms::none);
    const pid_t test = ::fork();
    if (test == 0) {
      const std::string mark = "NMZ_RUN=" + made->path().string();
      const std::array<const char*, 2> environment{mark.c_str(), nullptr};
      ::setsid();
      ::execle("/bin/sleep", "sleep", "600", nullptr, environment.data());
      ::_exit(127);
    }
    while (::write(pipe[1], &test, sizeof test) < 0 && errno == EINTR) {
    }
    ::pause();
    ::_exit(0);
  }
  pid_t test = 0;
  EXPECT_EQ(::read(pipe[0], &test, sizeof test), static_cast<ssize_t>(sizeof test));
  std::this_thread::sleep_for(std::chrono::milliseconds{50});  // until it has called exec
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
  return test;
}

bool gone(pid_t pid) {
  for (int i = 0; i < 200; ++i) {
    std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
    std::string text;
    if (!std::getline(stat, text)) return true;
    if (text.find(") Z") != std::string::npos) return true;  // nobody here is its parent
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

TEST(RunDirectoryTest, GoesWithItsOwner) {
  const TempDirectory temp;
  const fs::path base = temp.path() / "not made yet" / "ümlaut";
  {
    const auto run = RunDirectory::create(base);
    ASSERT_TRUE(run) << run.error().message;
    fs::create_directories(run->path() / "w0" / "tree");
    EXPECT_EQ(runs_in(base), 1);
  }
  EXPECT_EQ(runs_in(base), 0);
}

TEST(RunDirectoryTest, TwoAtOnceDoNotDisturbEachOther) {
  const TempDirectory temp;
  const auto first = RunDirectory::create(temp.path());
  const auto second = RunDirectory::create(temp.path());
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->path(), second->path());
  EXPECT_EQ(second->swept().directories, 0);
  EXPECT_EQ(runs_in(temp.path()), 2);
}

TEST(RunDirectoryTest, SweepsWhatAKilledRunLeft) {
  const TempDirectory temp;
  const pid_t test = killed_run(temp.path());
  ASSERT_EQ(runs_in(temp.path()), 1);
  ASSERT_EQ(::kill(test, 0), 0);
  const auto next = RunDirectory::create(temp.path());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->swept().directories, 1);
  EXPECT_EQ(next->swept().processes, 1);
  EXPECT_TRUE(gone(test));
  EXPECT_EQ(runs_in(temp.path()), 1);
}

TEST(RunDirectoryTest, APlaceThatCannotBeUsedIsNamed) {
  const TempDirectory temp;
  std::ofstream{temp.path() / "file"} << "in the way";
  const auto run = RunDirectory::create(temp.path() / "file");
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error().message, testing::HasSubstr("file"));
  EXPECT_THAT(run.error().message, testing::HasSubstr("--work-dir"));
}

}  // namespace
}  // namespace nmz::orchestrator
