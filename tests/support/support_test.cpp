// The tests' own tools have to be right before anything they say counts.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "random_history.hpp"
#include "run_program.hpp"
#include "scratch_repository.hpp"
#include "temp_directory.hpp"

namespace nmz::support {
namespace {

namespace fs = std::filesystem;

TEST(TempDirectoryTest, RemovesReadOnlyDirectories) {
  fs::path path;
  {
    const TempDirectory directory;
    path = directory.path();
    write_file(path / "a/b/file", "x");
    fs::permissions(path / "a/b", fs::perms::owner_read | fs::perms::owner_exec);
    EXPECT_EQ(read_file(path / "a/b/file"), "x");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(RunProgramTest, ReturnsStatusAndBothOutputs) {
  Program program{{"sh", "-c", "cat; echo $A$B >&2; exit 3"}};
  program.input = std::string(300'000, 'i');
  program.env = {"A=1"};
  program.unset = {"B"};
  const Ended ended = run_program(program);
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.out, program.input);
  EXPECT_EQ(ended.err, "1\n");
}

TEST(RunProgramTest, KillsTheWholeGroupWhenTheTimeIsUp) {
  Program program{{"sh", "-c", "sleep 100 & echo $!; wait"}};
  program.timeout = std::chrono::milliseconds{300};
  const Ended ended = run_program(program);
  EXPECT_TRUE(ended.timed_out);
  EXPECT_EQ(ended.signal, SIGKILL);
  const pid_t grandchild = std::stoi(ended.out);
  for (int i = 0; i < 500 && fs::exists(fs::path{"/proc"} / std::to_string(grandchild) / "exe"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_FALSE(fs::exists(fs::path{"/proc"} / std::to_string(grandchild) / "exe"));
}

TEST(RunProgramTest, DoesNotWaitForADaemonThatHoldsTheOutput) {
  const Ended ended = run_program(Program{{"sh", "-c", "sleep 60 & echo done"}});
  EXPECT_EQ(ended.out, "done\n");
  EXPECT_LT(ended.duration, std::chrono::seconds{30});
}

TEST(ScratchRepositoryTest, HoldsTheDescribedHistory) {
  ScratchRepository repository;
  ScratchCommit root{{}, {{"a", "1\n"}, {"d/odd\n\xff name", {"100755", "2\n"}}}};
  root.tags = {"v1"};
  ScratchCommit merge{{1, 2}};
  merge.removed = {"a"};
  repository.add_and_checkout({root, ScratchCommit{{0}, {{"l", {"120000", "a"}}}}, ScratchCommit{{0}}, merge});
  EXPECT_EQ(repository.git({"rev-parse", "v1"}), repository.ids().at(0));
  EXPECT_EQ(repository.git({"log", "--format=%s", "-1", "main^2"}), "commit 2");
  EXPECT_EQ(repository.git({"ls-files", "-z"}), std::string("d/odd\n\xff name\0l\0", 15));
  EXPECT_EQ(repository.git({"status", "--porcelain"}), "");
  repository.add({ScratchCommit{{3}, {{"later", "x"}}}});
  EXPECT_EQ(repository.git({"rev-parse", "main^"}), repository.ids().at(3));
}

TEST(RandomHistoryTest, IsReproducibleAndAcceptedByGit) {
  const auto ids = [](std::uint64_t seed) {
    ScratchRepository repository;
    repository.add(random_history(seed, random_shape(seed, 40)));
    repository.git({"fsck", "--strict"});
    return repository.ids();
  };
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    EXPECT_EQ(ids(seed), ids(seed)) << "seed " << seed;
  }
  EXPECT_NE(ids(1), ids(2));
}

}  // namespace
}  // namespace nmz::support
