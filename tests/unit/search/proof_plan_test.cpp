#include "nmz/search/proof_plan.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "plan_player.hpp"

namespace nmz::search {
namespace {

using dispatch::Subject;
using State = Claim::State;

Claim claim(bool bad, std::size_t times) {
  Claim it;
  it.bad = bad;
  it.times = times;
  return it;
}

ProofOptions flaky(double false_failure, double false_pass) {
  ProofOptions options;
  options.rates = {.false_failure = false_failure, .false_pass = false_pass};
  return options;
}

TEST(ProofPlanTest, EachClaimIsTestedSoManyTimes) {
  ProofPlan plan{{claim(true, 3), claim(false, 3), claim(false, 1)}, ProofOptions{}};
  const std::vector<Subject> trials = plan.next(20);
  ASSERT_EQ(trials.size(), 7U);
  for (const Subject trial : trials) plan.record(trial, exited(plan.claim_of(trial) == 0 ? 1 : 0));
  EXPECT_TRUE(plan.finished());
  for (const Claim& it : plan.claims()) EXPECT_EQ(it.state, State::held);
}

TEST(ProofPlanTest, TheFirstTrialsAreSpreadAndAWorkerGoesOnWithItsClaim) {
  ProofPlan plan{{claim(true, 3), claim(false, 3), claim(false, 3)}, ProofOptions{}};
  const std::vector<Subject> trials = plan.next(3);
  std::vector<std::size_t> claims;
  for (const Subject trial : trials) claims.push_back(plan.claim_of(trial));
  EXPECT_EQ(claims, (std::vector<std::size_t>{0, 1, 2}));
  plan.record(trials[1], exited(0));
  EXPECT_EQ(plan.claim_of(plan.next(1).front()), 1U);
  plan.record(trials[2], exited(0));
  EXPECT_EQ(plan.claim_of(plan.next(1).front()), 2U);
}

TEST(ProofPlanTest, OneVerdictOfACertainTestContradictsAClaim) {
  ProofPlan plan{{claim(true, 3), claim(false, 3)}, ProofOptions{}};
  const std::vector<Subject> trials = plan.next(2);
  plan.record(trials[0], exited(0));
  EXPECT_EQ(plan.claims()[0].state, State::failed);
  EXPECT_FALSE(plan.finished()) << "the other one is still looked at";
  for (const Subject trial : plan.next(9)) EXPECT_EQ(plan.claim_of(trial), 1U);
}

TEST(ProofPlanTest, WhatRunsForAClaimThatIsDecidedIsPointless) {
  ProofPlan plan{{claim(true, 3)}, ProofOptions{}};
  const std::vector<Subject> trials = plan.next(3);
  plan.record(trials[0], exited(125));
  EXPECT_EQ(plan.claims()[0].state, State::untestable);
  EXPECT_TRUE(plan.finished());
  EXPECT_EQ(plan.pointless(), (std::vector<Subject>{trials[1], trials[2]}));
  plan.give_back(trials[1]);
  EXPECT_TRUE(plan.next(3).empty());
}

TEST(ProofPlanTest, ATrialThatWasLostRunsAgain) {
  ProofPlan plan{{claim(true, 2)}, ProofOptions{}};
  const std::vector<Subject> trials = plan.next(2);
  plan.give_back(trials[0]);
  EXPECT_EQ(plan.next(5), std::vector<Subject>{trials[0]});
}

TEST(ProofPlanTest, AFixIsWhatPasses) {
  ProofOptions options;
  options.find_fix = true;
  ProofPlan plan{{claim(true, 1), claim(false, 1)}, options};
  for (const Subject trial : plan.next(2)) plan.record(trial, exited(plan.claim_of(trial) == 0 ? 0 : 1));
  for (const Claim& it : plan.claims()) EXPECT_EQ(it.state, State::held);
}

/// Every other test of a bad commit passes: one failure proves it, some passes do not refute it.
TEST(ProofPlanTest, VerdictsOfAFlakyTestAreWeighed) {
  ProofPlan plan{{claim(true, 3)}, flaky(0.01, 0.5)};
  std::vector<Subject> trials = plan.next(3);
  for (const Subject trial : trials) plan.record(trial, exited(0));
  EXPECT_EQ(plan.claims()[0].state, State::open);
  trials = plan.next(3);
  ASSERT_EQ(trials.size(), 3U) << "it goes on";
  plan.record(trials[0], exited(1));
  plan.record(trials[1], exited(1));
  EXPECT_EQ(plan.claims()[0].state, State::held);
}

TEST(ProofPlanTest, AFlakyTestThatDoesNotTellEnds) {
  ProofPlan plan{{claim(true, 2)}, flaky(0.4, 0.4)};
  std::size_t tests = 0;
  for (std::vector<Subject> next = plan.next(1); !next.empty() && tests < 100; next = plan.next(1)) {
    plan.record(next.front(), exited(tests++ % 2 == 0 ? 1 : 0));
  }
  EXPECT_EQ(plan.claims()[0].state, State::undecided);
  EXPECT_EQ(tests, 20U);
}

}  // namespace
}  // namespace nmz::search
