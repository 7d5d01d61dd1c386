// What each way to end means for the search: the contract of `git bisect run`, and the cases beyond it.
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/search/bisect_plan.hpp"

#include "plan_player.hpp"

namespace nmz::search {
namespace {

using Kind = BisectResult::Kind;
using job::OutcomeKind;

job::Outcome outcome(OutcomeKind kind, std::int32_t code = 0, bool matched = true, bool disk_full = false) {
  job::Outcome result;
  result.kind = kind;
  result.code = code;
  result.matched = matched;
  result.disk_full = disk_full;
  return result;
}

BisectOptions trusting() {
  BisectOptions options;
  options.search.trust_ends = true;
  return options;
}

struct Case {
  std::string name;
  job::Outcome outcome;
  std::optional<Verdict> verdict;  ///< none: the search ends at once
  Kind result = Kind::unfinished;
  TimeoutMeans timeout_means = TimeoutMeans::skip;
};

std::vector<Case> cases() {
  return {
      {"zero", exited(0), Verdict::good},
      {"zero on a full disk", outcome(OutcomeKind::exited, 0, true, true), Verdict::good},
      {"zero without a match", outcome(OutcomeKind::exited, 0, false), Verdict::good},
      {"one", exited(1), Verdict::bad},
      {"124", exited(124), Verdict::bad},
      {"125", exited(125), Verdict::skip},
      {"126", exited(126), Verdict::bad},
      {"127", exited(127), Verdict::bad},
      {"128", exited(128), std::nullopt, Kind::aborted},
      {"255", exited(255), std::nullopt, Kind::aborted},
      {"128 without a match", outcome(OutcomeKind::exited, 128, false), std::nullopt, Kind::aborted},
      {"a signal", outcome(OutcomeKind::signaled, 11), std::nullopt, Kind::aborted},
      {"failure without a match", outcome(OutcomeKind::exited, 1, false), Verdict::skip},
      {"127 without a match", outcome(OutcomeKind::exited, 127, false), Verdict::skip},
      {"failure on a full disk", outcome(OutcomeKind::exited, 1, true, true), Verdict::skip},
      {"signal on a full disk", outcome(OutcomeKind::signaled, 7, true, true), Verdict::skip},
      {"timeout", outcome(OutcomeKind::timed_out), Verdict::skip},
      {"timeout as bad", outcome(OutcomeKind::timed_out), Verdict::bad, Kind::unfinished, TimeoutMeans::bad},
      {"timeout as bad on a full disk", outcome(OutcomeKind::timed_out, 0, true, true), Verdict::skip, Kind::unfinished,
       TimeoutMeans::bad},
      {"failed build", outcome(OutcomeKind::build_failed, 2), Verdict::skip},
      {"build ended by a signal", outcome(OutcomeKind::build_failed, 139), Verdict::skip},
      {"untestable", outcome(OutcomeKind::untestable), Verdict::skip},
      {"unprepared", outcome(OutcomeKind::unprepared, ENOSPC), Verdict::skip},
      {"lost", outcome(OutcomeKind::lost), Verdict::skip},
      {"not started", outcome(OutcomeKind::not_started, ENOENT), std::nullopt, Kind::command_failed},
  };
}

TEST(BisectPlanOutcomeTest, EveryOutcomeMeansWhatItShould) {
  const CommitGraph graph = line(16, true);
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.name);
    BisectOptions options = trusting();
    options.timeout_means = each.timeout_means;
    BisectPlan plan{graph, {}, options};
    const dispatch::Subject subject = plan.next(1).front();
    plan.record(subject, each.outcome);
    EXPECT_EQ(plan.verdict(subject), each.verdict);
    EXPECT_EQ(plan.result().kind, each.result);
    if (each.result == Kind::unfinished) continue;
    EXPECT_EQ(plan.result().subject, subject);
    EXPECT_EQ(plan.result().outcome, each.outcome);
    EXPECT_TRUE(plan.next(4).empty());
  }
}

TEST(BisectPlanOutcomeTest, TheSearchForARepairTurnsGoodAndBadAround) {
  const CommitGraph graph = line(16, true);
  for (const Case& each : cases()) {
    SCOPED_TRACE(each.name);
    BisectOptions options = trusting();
    options.timeout_means = each.timeout_means;
    options.find_fix = true;
    BisectPlan plan{graph, {}, options};
    const dispatch::Subject subject = plan.next(1).front();
    plan.record(subject, each.outcome);
    std::optional<Verdict> expected = each.verdict;
    if (expected && expected != Verdict::skip) expected = expected == Verdict::good ? Verdict::bad : Verdict::good;
    EXPECT_EQ(plan.verdict(subject), expected);
  }
}

TEST(BisectPlanOutcomeTest, ACrashWhoseOutputMatchesIsTheFailureThatIsLookedFor) {
  struct Crash {
    job::Outcome outcome;
    std::optional<Verdict> verdict;
  };
  for (const Crash& each : {Crash{exited(139), Verdict::bad}, Crash{outcome(OutcomeKind::signaled, 11), Verdict::bad},
                            Crash{outcome(OutcomeKind::exited, 139, false), std::nullopt},
                            Crash{outcome(OutcomeKind::signaled, 11, false), std::nullopt},
                            Crash{outcome(OutcomeKind::signaled, 9), std::nullopt}}) {
    const CommitGraph graph = line(16, true);
    BisectOptions options = trusting();
    options.matching = true;
    BisectPlan plan{graph, {}, options};
    const dispatch::Subject subject = plan.next(1).front();
    plan.record(subject, each.outcome);
    EXPECT_EQ(plan.verdict(subject), each.verdict);
    EXPECT_EQ(plan.finished(), !each.verdict);
  }
}

TEST(BisectPlanOutcomeTest, ACancelledRunSaysNothingAndIsRepeated) {
  const CommitGraph graph = line(16, true);
  BisectPlan plan{graph, {}, trusting()};
  const dispatch::Subject subject = plan.next(1).front();
  plan.record(subject, outcome(OutcomeKind::cancelled));
  EXPECT_EQ(plan.verdict(subject), std::nullopt);
  EXPECT_EQ(plan.next(1).front(), subject);
}

TEST(BisectPlanOutcomeTest, WhatTheUserSkipsIsUntestable) {
  const CommitGraph graph = line(16, true);
  BisectPlan plan{graph, {}, trusting()};
  const dispatch::Subject subject = plan.next(1).front();
  plan.record(subject, outcome(OutcomeKind::skipped));
  EXPECT_EQ(plan.verdict(subject), Verdict::skip);
  EXPECT_NE(plan.next(1).front(), subject);
}

TEST(BisectPlanOutcomeTest, ACommandMissingEverywhereIsNoRegression) {
  for (const bool trust : {false, true}) {
    for (const std::int32_t code : {126, 127}) {
      BisectOptions options;
      options.search.trust_ends = trust;
      const CommitGraph graph = line(16, true);
      BisectPlan plan{graph, {}, options};
      const Played played = play_serially(plan, [&](dispatch::Subject) { return exited(code); });
      EXPECT_EQ(plan.result().kind, Kind::command_failed);
      EXPECT_EQ(plan.result().subject, 0U);
      EXPECT_EQ(plan.result().outcome.code, code);
      EXPECT_LE(played.answered.size(), 2U) << "told soon";
    }
  }
}

TEST(BisectPlanOutcomeTest, ACommandThatGoesMissingIsARegression) {
  for (const bool trust : {false, true}) {
    BisectOptions options;
    options.search.trust_ends = trust;
    const CommitGraph graph = line(16, true);
    for (Node culprit = 1; culprit <= 16; ++culprit) {
      BisectPlan plan{graph, {}, options};
      play_serially(plan, [&](dispatch::Subject subject) { return exited(subject >= culprit ? 127 : 0); });
      EXPECT_EQ(plan.result().kind, Kind::found);
      EXPECT_EQ(plan.result().suspects.front().node, culprit);
    }
  }
}

TEST(BisectPlanOutcomeTest, TheFirstCommitIsNotBlamedFor127BeforeTheTrustedGoodEndHasPassed) {
  const CommitGraph graph = line(2, true);
  BisectPlan plan{graph, {}, trusting()};
  ASSERT_EQ(plan.next(1), std::vector<dispatch::Subject>{1});
  plan.record(1, exited(127));
  EXPECT_FALSE(plan.finished());
  ASSERT_EQ(plan.next(4), std::vector<dispatch::Subject>{0});
  EXPECT_TRUE(plan.pointless().empty());
  plan.record(0, exited(0));
  EXPECT_EQ(plan.result().kind, Kind::found);
  EXPECT_EQ(plan.result().suspects.front().node, 1U);
}

TEST(BisectPlanOutcomeTest, ATrustedGoodEndThatFailsOtherwiseIsNamed) {
  const CommitGraph graph = line(2, true);
  BisectPlan plan{graph, {}, trusting()};
  plan.next(1);
  plan.record(1, exited(127));
  ASSERT_EQ(plan.next(1), std::vector<dispatch::Subject>{0});
  plan.record(0, exited(1));
  EXPECT_EQ(plan.result().kind, Kind::good_end_is_bad);
  EXPECT_EQ(plan.result().subject, 0U);
}

TEST(BisectPlanOutcomeTest, TheSearchForARepairWantsTheCommandToWorkAtTheRepairedEnd) {
  BisectOptions options = trusting();
  options.find_fix = true;
  const CommitGraph graph = line(8, true);
  BisectPlan plan{graph, {}, options};
  play_serially(plan, [](dispatch::Subject) { return exited(127); });
  EXPECT_EQ(plan.result().kind, Kind::command_failed);
  EXPECT_EQ(plan.result().subject, graph.bad_end());

  BisectPlan repaired{graph, {}, options};
  play_serially(repaired, [](dispatch::Subject subject) { return exited(subject >= 5 ? 0 : 127); });
  EXPECT_EQ(repaired.result().kind, Kind::found);
  EXPECT_EQ(repaired.result().suspects.front().node, 5U);
}

TEST(BisectPlanOutcomeTest, ALateAnswerAfterTheEndChangesNothing) {
  const CommitGraph graph = line(16, true);
  BisectPlan plan{graph, {}, trusting()};
  const std::vector<dispatch::Subject> running = plan.next(3);
  plan.record(running[0], exited(200));
  EXPECT_EQ(plan.pointless(), (std::vector{running[1], running[2]}));
  plan.record(running[1], exited(129));
  EXPECT_EQ(plan.result().outcome.code, 200);
}

}  // namespace
}  // namespace nmz::search
