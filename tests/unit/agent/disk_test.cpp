// Full disks: told from failures of the commit. On a small tmpfs, so these tests need root, as CI has it.
#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

namespace fs = std::filesystem;
using job::OutcomeKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::geteuid(), 0U) << "mounting needs root";
    ASSERT_EQ(::mount("none", temp_.path().c_str(), "tmpfs", 0, "size=2m,nr_inodes=200"), 0);
    WorkerOptions options;
    options.tree = temp_.path() / "tree";
    worker_.emplace(options);
  }
  void TearDown() override {
    worker_.reset();
    ::umount2(temp_.path().c_str(), MNT_DETACH);
  }

  support::TempDirectory temp_{"disk"};
  std::optional<Worker> worker_;
};

TEST_F(DiskTest, ATreeThatDoesNotFitIsTheWorkersFault) {
  const auto outcome = worker_->lay_out({{"small", "1"}, {"large", std::string(3 << 20, 'x')}}, {}, replace_all);
  EXPECT_EQ(outcome.kind, OutcomeKind::unprepared);
  EXPECT_EQ(outcome.code, ENOSPC);
  EXPECT_TRUE(outcome.disk_full);
  EXPECT_THAT(outcome.detail, HasSubstr("large"));
  EXPECT_EQ(worker_->run(worker_->job({"true"})).finished.outcome.kind, OutcomeKind::unprepared);
  EXPECT_EQ(worker_->lay_out({{"small", "1"}}, {}, replace_all).kind, OutcomeKind::exited) << "the next one fits";
}

TEST_F(DiskTest, UntrackedFilesMakeRoom) {
  const std::string megabyte(1 << 20, 'x');
  ASSERT_EQ(worker_->lay_out({{"tracked", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  support::write_file(worker_->tree() / "built/huge.o", std::string(1'500'000, 'o'));
  ASSERT_EQ(worker_->lay_out({{"d/large", megabyte}}).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker_->tree() / "d/large"), megabyte);
  EXPECT_EQ(support::read_file(worker_->tree() / "tracked"), "1");
  EXPECT_FALSE(fs::exists(worker_->tree() / "built"));
  EXPECT_THAT(worker_->run(worker_->job({"true"})).changed, IsEmpty());
}

TEST_F(DiskTest, UntrackedFilesMakeRoomForInodesToo) {
  ASSERT_EQ(worker_->lay_out({{"tracked", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  ASSERT_EQ(worker_->run(worker_->shell("i=0; while : > u$i; do i=$((i+1)); done")).finished.outcome.disk_full, true);
  ASSERT_EQ(worker_->lay_out({{"a/b/c/d/f", "1"}, {"a/g", "1"}}).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker_->tree() / "a/b/c/d/f"), "1");
}

TEST_F(DiskTest, ACommandThatFailsOnAFullDiskSaysSo) {
  ASSERT_EQ(worker_->lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  const std::string fill = "head -c 9000000 /dev/zero > fill; ";
  EXPECT_FALSE(worker_->run(worker_->shell("exit 1")).finished.outcome.disk_full);
  const auto failed = worker_->run(worker_->shell(fill + "exit 1"));
  EXPECT_TRUE(failed.finished.outcome.disk_full);
  EXPECT_EQ(failed.finished.outcome.kind, OutcomeKind::exited);
  EXPECT_TRUE(worker_->run(worker_->shell(fill + "kill -9 $$")).finished.outcome.disk_full);
  EXPECT_FALSE(worker_->run(worker_->shell(fill + "exit 0")).finished.outcome.disk_full);
  auto build = worker_->shell("true");
  build.build = fill + "exit 1";
  EXPECT_TRUE(worker_->run(build).finished.outcome.disk_full);
}

/// Others need the room at once, and this worker may not be given another job.
TEST_F(DiskTest, WhatAnEndedTestHasFilledItWithGoes) {
  ASSERT_EQ(worker_->lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  const fs::path filled = worker_->tree() / "built/fill";
  const std::string fill = "mkdir -p built; head -c 9000000 /dev/zero > built/fill; ";
  for (const std::string end : {"exit 0", "exit 1"}) {
    static_cast<void>(worker_->run(worker_->shell(fill + end)));
    EXPECT_FALSE(fs::exists(filled)) << end;
  }
  const auto run = worker_->shell(fill + "sleep 100");
  worker_->send(run);
  worker_->await_started();
  for (int look = 0; look < 2000 && fs::space(temp_.path()).free > 0; ++look) {
    std::this_thread::sleep_for(5ms);
  }
  worker_->send(wire::Cancel{run.job});
  EXPECT_EQ(worker_->await_job().finished.outcome.kind, OutcomeKind::cancelled);
  EXPECT_FALSE(fs::exists(filled));
  EXPECT_EQ(support::read_file(worker_->tree() / "f"), "1");
  static_cast<void>(worker_->run(worker_->shell("mkdir built; echo little > built/fill; exit 1")));
  EXPECT_TRUE(fs::exists(filled)) << "what does not fill the disk stays for the next test";
}

TEST_F(DiskTest, WhatATestFreesAgainBeforeItFailsIsSeen) {
  ASSERT_EQ(worker_->lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  const std::string fill = "head -c 9000000 /dev/zero > fill";
  EXPECT_TRUE(worker_->run(worker_->shell(fill + "; rm fill; exit 1")).finished.outcome.disk_full) << "said so";
  EXPECT_TRUE(worker_->run(worker_->shell(fill + " 2>&-; sleep 0.1; rm fill; exit 1")).finished.outcome.disk_full);
  EXPECT_FALSE(worker_->run(worker_->shell(fill + "; rm fill")).finished.outcome.disk_full) << "it succeeded";
  EXPECT_FALSE(worker_->run(worker_->shell("sleep 0.1; exit 1")).finished.outcome.disk_full) << "the next one";
  auto run = worker_->shell(fill + " 2>&-; sleep 0.1; rm fill; sleep 100");
  run.timeout = 300ms;
  EXPECT_TRUE(worker_->run(run).finished.outcome.disk_full) << "it hung";
}

TEST_F(DiskTest, WhatAnotherFillsForAWhileIsSeen) {
  ASSERT_EQ(worker_->lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  Worker other{[] {
    WorkerOptions options;
    options.with_tree = false;
    return options;
  }()};
  worker_->send(worker_->shell("sleep 0.4; exit 1"));
  worker_->await_started();
  const std::string file = temp_.path() / "theirs";
  static_cast<void>(other.run(other.shell("head -c 9000000 /dev/zero > " + file + "; sleep 0.1; rm " + file)));
  EXPECT_TRUE(worker_->await_job().finished.outcome.disk_full);
}

TEST_F(DiskTest, TheTemporaryDirectoryCountsToo) {
  WorkerOptions options;
  options.with_tree = false;
  Worker worker{options};
  auto run = worker.shell("head -c 9000000 /dev/zero > \"$TMPDIR/fill\"; exit 1");
  run.env = {"TMPDIR=" + temp_.path().string()};
  EXPECT_TRUE(worker.run(run).finished.outcome.disk_full);
}

TEST_F(DiskTest, WhatWouldNotFitTwiceMayHaveSpoiltAVerdictUnnoticed) {
  ASSERT_EQ(worker_->lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  const auto outcome = [&](const std::string& command) {
    return worker_->run(worker_->shell(command + "; exit 1")).finished.outcome;
  };
  EXPECT_FALSE(outcome("head -c 400000 /dev/zero > little").disk_tight);
  const auto tight = outcome("rm little; head -c 1400000 /dev/zero > much");
  EXPECT_TRUE(tight.disk_tight);
  EXPECT_FALSE(tight.disk_full) << "it is a verdict, until another contradicts it";
}

TEST_F(DiskTest, ElsewhereItCountsWhenTheCommandSaysSo) {
  WorkerOptions options;
  options.with_tree = false;
  Worker worker{options};
  const std::string fill = "head -c 9000000 /dev/zero > \"$HOME/fill\"";
  const auto disk_full = [&](const std::string& command) {
    auto run = worker.shell(command + "; exit 1");
    run.env = {"HOME=" + temp_.path().string()};
    return worker.run(run).finished.outcome.disk_full;
  };
  EXPECT_TRUE(disk_full(fill)) << "it says so";
  EXPECT_FALSE(disk_full(fill + " 2>&-")) << "most tests write nothing there";
  EXPECT_FALSE(disk_full("echo nothing to say")) << "little space alone";
  std::filesystem::remove(temp_.path() / "fill");
  EXPECT_FALSE(disk_full("echo No space left on device")) << "it is small, and not full";
}

}  // namespace
}  // namespace nmz::agent
