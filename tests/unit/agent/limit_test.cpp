// Limits of the machine, met by the agent or by its test: no verdict. As a user who has limits, so these tests need
// root, as CI has it, to become one.
#include <cerrno>
#include <string>

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

using job::OutcomeKind;
using ::testing::AnyOf;
using ::testing::HasSubstr;

class LimitTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::geteuid(), 0U) << "becoming another user needs root"; }

  static WorkerOptions limited(int resource, std::uint64_t value) {
    WorkerOptions options;
    options.unprivileged = true;
    options.user = 47124;  // a user of no other test: the limit is on all that a user has
    options.limits = {{resource, value}};
    return options;
  }
};

TEST_F(LimitTest, AnAgentThatCannotForkIsUnprepared) {
  Worker worker{limited(RLIMIT_NPROC, 1)};
  const auto outcome = worker.run(worker.job({"true"})).finished.outcome;
  EXPECT_EQ(outcome.kind, OutcomeKind::unprepared);
  EXPECT_EQ(outcome.code, EAGAIN);
  EXPECT_THAT(outcome.detail, HasSubstr("true"));
}

TEST_F(LimitTest, AnAgentWithoutDescriptorsIsUnprepared) {
  int unprepared = 0;
  for (const std::uint64_t descriptors : {8U, 9U, 10U, 11U, 12U, 13U}) {
    Worker worker{limited(RLIMIT_NOFILE, descriptors)};
    auto run = worker.job({"true"});
    run.input = "input";
    const auto outcome = worker.run(run).finished.outcome;
    unprepared += outcome.kind == OutcomeKind::unprepared ? 1 : 0;
    EXPECT_EQ(outcome.code, outcome.kind == OutcomeKind::unprepared ? EMFILE : 0) << descriptors << outcome.detail;
    EXPECT_THAT(outcome.kind, AnyOf(OutcomeKind::unprepared, OutcomeKind::exited)) << descriptors;
  }
  EXPECT_GE(unprepared, 3);
}

TEST_F(LimitTest, ATestThatCannotForkIsNoVerdict) {
  Worker worker{limited(RLIMIT_NPROC, 2)};  // the agent and the shell
  const auto result = worker.run(worker.shell("/bin/true; exit 1"));
  EXPECT_THAT(result.log, HasSubstr("fork"));
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::unprepared);
  EXPECT_EQ(result.finished.outcome.code, EAGAIN);
  EXPECT_THAT(result.finished.outcome.detail, HasSubstr("ulimit -u 2"));
  auto build = worker.shell("exit 0");
  build.build = "/bin/true; exit 1";
  EXPECT_EQ(worker.run(build).finished.outcome.kind, OutcomeKind::unprepared);
}

TEST_F(LimitTest, ALimitThatATestSetsForItselfIsItsOwnAffair) {
  Worker worker{limited(RLIMIT_NPROC, 5000)};
  const auto result = worker.run(worker.shell("prlimit --nproc=1 sh -c '/bin/true; exit 1'"));
  EXPECT_THAT(result.log, HasSubstr("fork"));
  EXPECT_EQ(result.finished.outcome.kind, OutcomeKind::exited);
}

TEST_F(LimitTest, ShortFilesAreNoFullDisk) {
  Worker worker{limited(RLIMIT_FSIZE, 10'000)};
  const auto outcome = worker.run(worker.shell("exit 1")).finished.outcome;
  EXPECT_EQ(outcome.kind, OutcomeKind::exited);
  EXPECT_FALSE(outcome.disk_full);
}

TEST_F(LimitTest, OneThatFailsOtherwiseIsAVerdict) {
  Worker worker{limited(RLIMIT_NPROC, 100)};
  EXPECT_EQ(worker.run(worker.shell("exit 1")).finished.outcome.kind, OutcomeKind::exited);
  const auto socket = worker.run(worker.shell("echo recv: Resource temporarily unavailable; exit 1"));
  EXPECT_EQ(socket.finished.outcome.kind, OutcomeKind::exited);
}

}  // namespace
}  // namespace nmz::agent
