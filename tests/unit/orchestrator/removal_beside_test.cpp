// The end of a program that has much to remove.
#include "removal_beside.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "nmz/files/unique_fd.hpp"
#include "nmz/orchestrator/run_directory.hpp"

#include "support/temp_directory.hpp"

namespace nmz::orchestrator {
namespace {

namespace fs = std::filesystem;
using support::TempDirectory;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    read = files::UniqueFd{ends[0]};
    write = files::UniqueFd{ends[1]};
  }
  files::UniqueFd read;
  files::UniqueFd write;
};

TEST(RemovalBesideTest, LittleIsWaitedForAndToldOf) {
  const auto left = removal_beside({}, [](const files::Progress& progress) {
    for (int i = 0; i < 100; ++i) progress();
    return std::vector<std::string>{"one", "two"};
  });
  ASSERT_TRUE(left);
  EXPECT_THAT(*left, testing::ElementsAre("one", "two"));
}

/// The work does not end before the test lets it.
TEST(RemovalBesideTest, MuchIsNotWaitedForAndHoldsNothingOfTheProgram) {
  Pipe gate;
  Pipe output;
  const std::array<int, 1> needed{gate.read.get()};
  const auto left = removal_beside(needed, [&](const files::Progress& progress) {
    for (int i = 0; i < 1000; ++i) progress();
    char byte = 0;
    EXPECT_EQ(::read(gate.read.get(), &byte, 1), 0);
    return std::vector<std::string>{"too late"};
  });
  ASSERT_TRUE(left);
  EXPECT_THAT(*left, testing::IsEmpty());
  output.write.reset();
  pollfd end{output.read.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&end, 1, 10'000), 1) << "whoever reads the program's output has to see its end";
  gate.write.reset();
}

TEST(RemovalBesideTest, ALargeRunDirectoryGoesAndIsLockedUntilThen) {
  const TempDirectory temp;
  auto run = RunDirectory::create(temp.path());
  ASSERT_TRUE(run) << run.error().message;
  const fs::path path = run->path();
  fs::create_directories(path / "w0");
  for (int i = 0; i < 2000; ++i) support::write_file(path / "w0" / std::to_string(i), "");
  EXPECT_THAT(run->remove_beside(), testing::IsEmpty());
  const auto next = RunDirectory::create(temp.path());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->swept().directories, 0U) << "taken for one of a killed run";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (fs::exists(path) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  EXPECT_FALSE(fs::exists(path));
}

/// Where the file system has such a mark.
TEST(RemovalBesideTest, RunsAreSpreadOverTheDevice) {
  const TempDirectory temp;
  const files::UniqueFd directory{::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  unsigned int before = 0;
  const bool marks = ::ioctl(directory.get(), FS_IOC_GETFLAGS, &before) == 0;
  const auto run = RunDirectory::create(temp.path());
  ASSERT_TRUE(run) << run.error().message;
  unsigned int after = before;
  ::ioctl(directory.get(), FS_IOC_GETFLAGS, &after);
  constexpr unsigned int mark = FS_TOPDIR_FL;
  EXPECT_EQ(before & ~mark, after & ~mark);
  struct statfs kind {};
  ASSERT_EQ(::fstatfs(directory.get(), &kind), 0);
  constexpr long ext4 = 0xef53;
  EXPECT_EQ((after & mark) != 0, marks && kind.f_type == ext4);
}

}  // namespace
}  // namespace nmz::orchestrator
