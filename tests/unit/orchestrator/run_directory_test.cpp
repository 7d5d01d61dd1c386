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
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
  std::array<int, 2> before_exec{};  // closed by exec
  EXPECT_EQ(::pipe2(before_exec.data(), O_CLOEXEC), 0);
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
    ::close(before_exec[1]);
    while (::write(pipe[1], &test, sizeof test) < 0 && errno == EINTR) {
    }
    ::pause();
    ::_exit(0);
  }
  pid_t test = 0;
  EXPECT_EQ(::read(pipe[0], &test, sizeof test), static_cast<ssize_t>(sizeof test));
  ::close(before_exec[1]);
  char nothing = 0;
  EXPECT_EQ(::read(before_exec[0], &nothing, 1), 0);
  ::close(before_exec[0]);
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

TEST(RunDirectoryTest, ANameIsTheSameFromRunToRun) {
  const TempDirectory temp;
  fs::path first;
  {
    const auto one = RunDirectory::create(temp.path(), "", "repo");
    const auto beside = RunDirectory::create(temp.path(), "", "repo");
    ASSERT_TRUE(one && beside);
    first = one->path();
    EXPECT_NE(first, beside->path());
  }
  const auto next = RunDirectory::create(temp.path(), "", "repo");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->path(), first);
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

TEST(RunDirectoryTest, WhatItHasNotMadeStays) {
  const TempDirectory temp;
  support::write_file(temp.path() / "run-42" / "thesis", "years of work");
  support::write_file(temp.path() / "run-43" / "lock", "");
  support::write_file(temp.path() / "run-44" / "lock", "the user's own");
  {
    const auto run = RunDirectory::create(temp.path());
    ASSERT_TRUE(run) << run.error().message;
    fs::copy(run->path(), temp.path() / "run-copied");
    fs::create_directory_symlink(run->path(), temp.path() / "run-link");
  }
  for (int i = 0; i < 2; ++i) {
    const auto next = RunDirectory::create(temp.path());
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_EQ(next->swept().directories, 0);
    EXPECT_THAT(next->swept().left, testing::IsEmpty());
  }
  EXPECT_EQ(support::read_file(temp.path() / "run-42" / "thesis"), "years of work");
  EXPECT_TRUE(fs::exists(temp.path() / "run-43" / "lock"));
  EXPECT_EQ(support::read_file(temp.path() / "run-44" / "lock"), "the user's own");
  EXPECT_TRUE(fs::exists(temp.path() / "run-copied" / "lock"));
  EXPECT_TRUE(fs::is_symlink(temp.path() / "run-link"));
}

TEST(RunDirectoryTest, WhatARunKilledBeforeItWroteItsMarkLeftGoes) {
  const TempDirectory temp;
  support::write_file(temp.path() / "lock", "");  // made already: the mark is the first that the run writes
  const pid_t program = ::fork();
  if (program == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &none);  // SIGXFSZ with the first byte of the mark
    static_cast<void>(RunDirectory::create(temp.path()));
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(program, &status, 0), program);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
  ASSERT_EQ(runs_in(temp.path()), 1U);
  // One that did not come as far.
  ASSERT_EQ(::mkdir((temp.path() / "run-abcdefgh").c_str(), S_ISVTX | S_IRWXU), 0);
  { EXPECT_TRUE(RunDirectory::create(temp.path())); }
  EXPECT_EQ(runs_in(temp.path()), 0U);
}

TEST(RunDirectoryTest, EmptyDirectoriesOfTheUsersStay) {
  const TempDirectory temp;
  for (const char* name : {"run-a", "run-abcdefgh", "run-with-lock", "run-full"})
    fs::create_directory(temp.path() / name);
  fs::permissions(temp.path() / "run-abcdefgh", fs::perms::owner_all);
  support::write_file(temp.path() / "run-with-lock" / "lock", "");
  support::write_file(temp.path() / "run-full" / "thesis", "years of work");
  fs::permissions(temp.path() / "run-full", fs::perms::owner_all | fs::perms::sticky_bit);
  { EXPECT_TRUE(RunDirectory::create(temp.path())); }
  EXPECT_EQ(runs_in(temp.path()), 4U);
  EXPECT_EQ(support::read_file(temp.path() / "run-full" / "thesis"), "years of work");
  EXPECT_TRUE(fs::exists(temp.path() / "run-with-lock" / "lock"));
}

TEST(RunDirectoryTest, ANameThatLeadsElsewhereIsNotFollowed) {
  const TempDirectory temp;
  support::write_file(temp.path() / "victim" / "precious", "sentinel");
  auto run = RunDirectory::create(temp.path() / "base");
  ASSERT_TRUE(run) << run.error().message;
  support::write_file(run->path() / "w0" / "file", "");
  fs::rename(run->path(), temp.path() / "moved");
  fs::create_directory_symlink(temp.path() / "victim", run->path());
  EXPECT_THAT(run->remove(), testing::ElementsAre(testing::HasSubstr("something else is there now")));
  EXPECT_EQ(support::read_file(temp.path() / "victim" / "precious"), "sentinel");
  EXPECT_FALSE(fs::exists(temp.path() / "moved" / "w0"));
}

/// In a mount namespace of its own, where mounts are shared as systemd makes them. 0: as it should be.
int remove_with_mounts(const TempDirectory& temp, bool killed) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) {
    return 2;
  }
  const fs::path base = temp.path() / "base";
  const pid_t program = ::fork();
  if (program == 0) {
    auto run = RunDirectory::create(base);
    const fs::path tree = run->path() / "w0" / "tree";
    for (const char* name : {"bind", "bind/below", "all", "small"}) fs::create_directories(tree / name);
    support::write_file(tree / "file", "");
    const bool mounted =
        ::mount((temp.path() / "victim").c_str(), (tree / "bind").c_str(), nullptr, MS_BIND, nullptr) == 0 &&
        ::mount((temp.path() / "victim").c_str(), (tree / "bind").c_str(), nullptr, MS_BIND, nullptr) == 0 &&
        ::mount((temp.path() / "victim/precious").c_str(), (tree / "file").c_str(), nullptr, MS_BIND, nullptr) == 0 &&
        ::mount("/", (tree / "all").c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
        ::mount("none", (tree / "small").c_str(), "tmpfs", 0, "size=1m") == 0;
    if (!mounted) ::_exit(3);
    ::_exit(!killed && !run->remove().empty() ? 4 : 0);
  }
  int status = 0;
  ::waitpid(program, &status, 0);
  if (status != 0) return WEXITSTATUS(status);
  const auto next = RunDirectory::create(base);
  if (!next || next->swept().directories != (killed ? 1U : 0U) || !next->swept().left.empty()) return 5;
  if (runs_in(base) != 1 || ::access("/proc/self/stat", R_OK) != 0) return 6;
  return 0;
}

TEST(RunDirectoryTest, WhatIsMountedInItIsDetachedAndStays) {
  ASSERT_EQ(::geteuid(), 0U) << "mounting needs root";
  for (const bool killed : {false, true}) {
    const TempDirectory temp;
    support::write_file(temp.path() / "victim" / "precious", "sentinel");
    const pid_t child = ::fork();
    if (child == 0) ::_exit(remove_with_mounts(temp, killed));
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0) << killed;
    EXPECT_EQ(support::read_file(temp.path() / "victim" / "precious"), "sentinel") << killed;
  }
}

TEST(RunDirectoryTest, ImmutableFilesAndDeepDirectoriesGo) {
  const TempDirectory temp;
  auto run = RunDirectory::create(temp.path());
  ASSERT_TRUE(run) << run.error().message;
  support::write_file(run->path() / "w0" / "fixed", "");
  const fs::path here = fs::current_path();
  fs::current_path(run->path());
  for (int depth = 0; depth < 2000; ++depth) {
    ASSERT_EQ(::mkdir("deep", 0777), 0);
    ASSERT_EQ(::chdir("deep"), 0);
  }
  fs::current_path(here);
  for (const char* name : {"w0/fixed", "w0"}) {
    const int fd = ::open((run->path() / name).c_str(), O_RDONLY | O_CLOEXEC);
    unsigned int flags = FS_IMMUTABLE_FL;
    ::ioctl(fd, FS_IOC_SETFLAGS, &flags);  // not every file system has it
    ::close(fd);
  }
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit few{64, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_THAT(run->remove(), testing::IsEmpty());
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(runs_in(temp.path()), 0);
}

/// As somebody who may not remove root's files. 0: as it should be.
int remove_as_nobody(const fs::path& base) {
  constexpr uid_t nobody = 65534;
  auto run = RunDirectory::create(base);
  const fs::path roots = run->path() / "w0";
  support::write_file(roots / "theirs", "");
  if (::chown(run->path().c_str(), nobody, nobody) != 0 ||
      ::chown((run->path() / "lock").c_str(), nobody, nobody) != 0 || ::chown(base.c_str(), nobody, nobody) != 0 ||
      ::seteuid(nobody) != 0) {
    return 2;
  }
  const std::vector<std::string> left = run->remove();
  if (left.size() != 1) return 3;
  return left[0] == "cannot remove '" + (roots / "theirs").string() + "': Permission denied" ? 0 : 4;
}

TEST(RunDirectoryTest, WhatCannotBeRemovedIsToldAndNotCounted) {
  ASSERT_EQ(::geteuid(), 0U) << "this test needs files of somebody else's";
  const TempDirectory temp;
  fs::permissions(temp.path(), fs::perms{0755});
  const fs::path base = temp.path() / "base";
  const pid_t child = ::fork();
  if (child == 0) ::_exit(remove_as_nobody(base));
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(runs_in(base), 1);
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
