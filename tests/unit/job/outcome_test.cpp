// Every case of the table that all modules ask: what each way to end means, with and without a full disk.
#include "nmz/job/outcome.hpp"

#include <cerrno>
#include <csignal>
#include <limits>
#include <ostream>
#include <vector>

#include <gtest/gtest.h>

namespace nmz::job {
namespace {

struct Case {
  OutcomeKind kind = OutcomeKind::lost;
  int code = 0;
  Class meaning = Class::infrastructure;
  Class with_full_disk = Class::infrastructure;
  const char* words = "";
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.words << " (code " << one.code << ")"; }

const std::vector<Case> table{
    {OutcomeKind::exited, 0, Class::passed, Class::passed, ""},
    {OutcomeKind::exited, 1, Class::failed, Class::infrastructure, "exit 1"},
    {OutcomeKind::exited, 125, Class::failed, Class::infrastructure, "exit 125"},
    {OutcomeKind::exited, 126, Class::failed, Class::infrastructure, "exit 126"},
    {OutcomeKind::exited, 137, Class::failed, Class::infrastructure, "exit 137"},
    {OutcomeKind::exited, 255, Class::failed, Class::infrastructure, "exit 255"},
    {OutcomeKind::signaled, SIGSEGV, Class::failed, Class::infrastructure, "killed by signal 11 (Segmentation fault)"},
    {OutcomeKind::signaled, SIGTERM, Class::failed, Class::infrastructure, "killed by signal 15 (Terminated)"},
    {OutcomeKind::signaled, SIGKILL, Class::infrastructure, Class::infrastructure, "killed by signal 9 (Killed)"},
    {OutcomeKind::timed_out, 0, Class::timed_out, Class::infrastructure, "timed out"},
    {OutcomeKind::build_failed, 2, Class::untestable, Class::infrastructure, "the build failed with 2"},
    {OutcomeKind::build_failed, 128 + SIGKILL, Class::untestable, Class::infrastructure, "the build failed with 137"},
    {OutcomeKind::not_started, ENOENT, Class::failed, Class::failed, "cannot be started"},
    {OutcomeKind::unprepared, EIO, Class::infrastructure, Class::infrastructure, "its worker could not run it"},
    {OutcomeKind::untestable, 0, Class::untestable, Class::untestable, "cannot be laid out"},
    {OutcomeKind::cancelled, 0, Class::infrastructure, Class::infrastructure, "cancelled"},
    {OutcomeKind::lost, 0, Class::infrastructure, Class::infrastructure, "its worker was lost"},
    {OutcomeKind::skipped, 0, Class::infrastructure, Class::infrastructure, "skipped"},
};

Outcome outcome_of(const Case& one) {
  Outcome outcome;
  outcome.kind = one.kind;
  outcome.code = one.code;
  return outcome;
}

class EveryOutcome : public testing::TestWithParam<Case> {};

TEST_P(EveryOutcome, MeansOneThing) {
  Outcome outcome = outcome_of(GetParam());
  EXPECT_EQ(classify(outcome), GetParam().meaning);
  EXPECT_EQ(passed(outcome), GetParam().meaning == Class::passed);
  EXPECT_EQ(describe(outcome), GetParam().words);
  // What the output said, and the words of the agent, change nothing.
  outcome.matched = false;
  outcome.detail = "some words";
  EXPECT_EQ(classify(outcome), GetParam().meaning);
}

TEST_P(EveryOutcome, WithAFullDisk) {
  Outcome outcome = outcome_of(GetParam());
  outcome.disk_full = true;
  EXPECT_EQ(classify(outcome), GetParam().with_full_disk);
}

TEST_P(EveryOutcome, BlamesAWorkerOnlyWhereTheInfrastructureFailed) {
  for (const bool disk_full : {false, true}) {
    Outcome outcome = outcome_of(GetParam());
    outcome.disk_full = disk_full;
    EXPECT_TRUE(!blames_worker(outcome) || classify(outcome) == Class::infrastructure);
    EXPECT_TRUE(!met_a_limit(outcome) || blames_worker(outcome));
    EXPECT_TRUE(!killed_from_outside(outcome) || classify(outcome) == Class::infrastructure);
    EXPECT_TRUE(!is_failure(classify(outcome)) || !passed(outcome));
  }
}

INSTANTIATE_TEST_SUITE_P(Table, EveryOutcome, testing::ValuesIn(table));

TEST(OutcomeTest, EveryKindIsInTheTable) {
  for (int kind = 0; kind <= static_cast<int>(OutcomeKind::lost); ++kind) {
    bool found = false;
    for (const Case& one : table) found = found || static_cast<int>(one.kind) == kind;
    EXPECT_TRUE(found) << kind;
  }
}

TEST(OutcomeTest, LimitsAreWhatWorkersMayShare) {
  Outcome outcome;
  outcome.kind = OutcomeKind::unprepared;
  for (const int code : {EAGAIN, ENOMEM, EMFILE, ENFILE}) {
    outcome.code = code;
    EXPECT_TRUE(met_a_limit(outcome)) << code;
  }
  for (const int code : {EIO, EACCES, 0}) {
    outcome.code = code;
    EXPECT_FALSE(met_a_limit(outcome)) << code;
    EXPECT_TRUE(blames_worker(outcome)) << code;
  }
  outcome.disk_full = true;
  EXPECT_TRUE(met_a_limit(outcome));
}

TEST(OutcomeTest, TheDescriptionTellsWhatElseIsKnown) {
  Outcome outcome;
  outcome.kind = OutcomeKind::exited;
  outcome.code = 3;
  outcome.matched = false;
  outcome.disk_full = true;
  outcome.detail = "last words";
  EXPECT_EQ(describe(outcome), "exit 3, no line matches, the disk was full, last words");
}

TEST(OutcomeTest, AShellsStatusOfAnyCode) {
  Outcome outcome;
  outcome.kind = OutcomeKind::signaled;
  outcome.code = SIGSEGV;
  EXPECT_EQ(shell_status(outcome), 139);
  outcome.code = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(shell_status(outcome), std::int64_t{std::numeric_limits<std::int32_t>::max()} + 128);
  outcome.kind = OutcomeKind::exited;
  outcome.code = -1;
  EXPECT_EQ(shell_status(outcome), -1);
}

}  // namespace
}  // namespace nmz::job
