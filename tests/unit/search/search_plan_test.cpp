// Searches with a test that is sometimes wrong: known to be, or found to be on the way.
#include "nmz/search/search_plan.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "plan_player.hpp"

namespace nmz::search {
namespace {

using dispatch::Subject;
using Kind = BisectResult::Kind;

/// What the `number`th execution of a commit gives.
using Script = std::function<int(Subject commit, std::uint32_t number)>;

/// One test at a time, at most so many. Returns how many it took.
std::size_t play(SearchPlan& plan, const Script& script, std::size_t most = 2000) {
  std::map<Subject, std::uint32_t> runs;
  for (std::size_t tests = 0; tests < most; ++tests) {
    const std::vector<Subject> next = plan.next(1);
    if (next.empty()) return tests;
    const Subject commit = plan.commit_of(next.front());
    plan.record(next.front(), exited(script(commit, ++runs[commit])));
  }
  ADD_FAILURE() << "it does not end";
  return most;
}

/// One in ten is wrong.
Script flaky_from(Node culprit, std::uint64_t seed) {
  return [culprit, seed](Subject commit, std::uint32_t number) {
    Random random{seed * 1'000'003 + commit * 1009 + number};
    random.discard(3);
    const bool wrong = one_in(random, 10);
    return (commit >= culprit) != wrong ? 1 : 0;
  };
}

SearchPlanOptions flaky() {
  SearchPlanOptions options;
  options.flaky = true;
  return options;
}

struct Cost {
  double tests = 0;  ///< on average
  std::size_t right = 0;
};

constexpr std::uint64_t searches = 40;

/// Some searches for the culprit among 64, of which some are suspected beforehand.
Cost cost_of(Node culprit, const std::vector<Node>& suspected) {
  const CommitGraph graph = line(64, true);
  SearchPlanOptions options = flaky();
  if (!suspected.empty()) {
    options.bisect.search.prior = [&suspected](std::span<const Node> nodes) {
      std::vector<double> weights;
      for (const Node node : nodes) weights.push_back(std::ranges::count(suspected, node) > 0 ? 16 : 1);
      return weights;
    };
  }
  Cost cost;
  for (std::uint64_t seed = 1; seed <= searches; ++seed) {
    SearchPlan plan{graph, {}, options};
    cost.tests += static_cast<double>(play(plan, flaky_from(culprit, seed))) / static_cast<double>(searches);
    const BisectResult& result = plan.result();
    cost.right += result.kind == Kind::found && result.suspects.front().node == culprit ? 1U : 0U;
  }
  return cost;
}

TEST(SearchPlanTest, WithAFlakyTestWhatIsSuspectedIsFoundSoonerAndAnyOtherAllTheSame) {
  const std::vector<Node> suspected{9, 20, 41};
  double saved = 0;
  for (const Node culprit : suspected) saved += cost_of(culprit, {}).tests - cost_of(culprit, suspected).tests;
  EXPECT_GE(saved / 3, 1);
  for (const Node culprit : {21U, 50U}) {
    const Cost misled = cost_of(culprit, suspected);
    EXPECT_LE(misled.tests, cost_of(culprit, {}).tests + 1) << culprit;
    EXPECT_GE(misled.right, 39U) << culprit;
  }
}

TEST(SearchPlanTest, AFlakyTestFindsTheCulpritAndSaysHowSureItIs) {
  const CommitGraph graph = line(64, true);
  std::size_t right = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto culprit = static_cast<Node>(1 + seed * 37 % 64);
    SearchPlan plan{graph, {}, flaky()};
    play(plan, flaky_from(culprit, seed));
    ASSERT_EQ(plan.result().kind, Kind::found);
    ASSERT_GE(plan.result().certainty->confidence, 0.99);
    right += plan.result().suspects.front().node == culprit ? 1U : 0U;
    if (plan.result().suspects.front().node == culprit) {
      EXPECT_EQ(plan.in_truth(culprit), Verdict::bad);
      EXPECT_EQ(plan.in_truth(culprit - 1), Verdict::good);
    }
  }
  EXPECT_GE(right, 97U);
}

TEST(SearchPlanTest, TheSameCommitRunsSeveralTimesAtOnce) {
  const CommitGraph graph = line(2, true);
  SearchPlan plan{graph, {}, flaky()};
  const std::vector<Subject> trials = plan.next(8);
  ASSERT_EQ(trials.size(), 8U);
  std::map<Subject, std::uint32_t> highest;
  for (const Subject trial : trials) EXPECT_EQ(plan.number_of(trial), ++highest[plan.commit_of(trial)]);
  EXPECT_LE(highest.size(), 3U);
  plan.give_back(trials[5]);
  EXPECT_EQ(plan.next(1), std::vector<Subject>{trials[5]}) << "a trial that was lost is run, not another one";
}

TEST(SearchPlanTest, NoMoreTestsThanAllowed) {
  const CommitGraph graph = line(64, true);
  SearchPlanOptions options = flaky();
  options.noisy.max_tests = 7;
  SearchPlan plan{graph, {}, options};
  EXPECT_EQ(play(plan, flaky_from(20, 1)), 7U);
  EXPECT_EQ(plan.result().kind, Kind::not_confident);
  EXPECT_FALSE(plan.result().suspects.empty());
  EXPECT_GE(plan.result().suspects.front().share, plan.result().suspects.back().share);
}

TEST(SearchPlanTest, ACoinHasNoCulprit) {
  const CommitGraph graph = line(30, true);
  SearchPlan plan{graph, {}, flaky()};
  play(plan, [](Subject commit, std::uint32_t number) {
    Random random{commit * 1009 + number};
    random.discard(3);
    return one_in(random, 2) ? 1 : 0;
  });
  EXPECT_EQ(plan.result().kind, Kind::no_culprit);
}

TEST(SearchPlanTest, WhereAllFailsTheRangeIsWrongAlsoWithAFlakyTest) {
  const CommitGraph graph = line(30, true);
  SearchPlan plan{graph, {}, flaky()};
  play(plan, [](Subject, std::uint32_t) { return 1; });
  EXPECT_EQ(plan.result().kind, Kind::good_end_is_bad);
}

TEST(SearchPlanTest, SuspectsThatNothingTellsApartAreNamedTogether) {
  const CommitGraph graph = line(20, true);
  SearchPlan plan{graph, {}, flaky()};
  play(plan, [](Subject commit, std::uint32_t) { return commit == 10 || commit == 11 ? 125 : commit >= 11 ? 1 : 0; });
  ASSERT_EQ(plan.result().kind, Kind::only_skipped);
  EXPECT_EQ(plan.result().suspects.size(), 3U) << "10, 11, 12";
}

TEST(SearchPlanTest, ACertainTestIsAskedOnce) {
  const CommitGraph graph = line(64, true);
  SearchPlan plan{graph, {}, SearchPlanOptions{}};
  EXPECT_LE(play(plan, [](Subject commit, std::uint32_t) { return commit >= 20 ? 1 : 0; }), 8U);
  EXPECT_EQ(plan.result().kind, Kind::found);
  EXPECT_FALSE(plan.result().certainty);
  EXPECT_EQ(plan.noisy(), nullptr);
}

/// Two probes at once: 21 is wrongly good after 20 was bad, or the like.
TEST(SearchPlanTest, AfterAContradictionTheSearchGoesOnWithWhatItKnows) {
  const CommitGraph graph = line(8, true);
  SearchPlanOptions options;
  options.bisect.workers = 3;
  SearchPlan plan{graph, {}, options};
  const std::vector<Subject> probes = plan.next(3);
  ASSERT_EQ(probes.size(), 3U);
  const Node oldest = *std::ranges::min_element(probes);
  const Node newest = *std::ranges::max_element(probes);
  for (const Subject probe : probes) plan.record(probe, exited(probe == oldest ? 1 : 0));
  std::map<Subject, std::uint32_t> runs;
  for (int tests = 0; tests < 500 && !plan.finished(); ++tests) {
    const std::vector<Subject> next = plan.next(1);
    ASSERT_FALSE(next.empty());
    const Subject commit = plan.commit_of(next.front());
    const bool known = std::ranges::find(probes, commit) != probes.end();
    EXPECT_EQ(plan.number_of(next.front()), ++runs[commit] + (known ? 1U : 0U)) << "what was tested counts";
    plan.record(next.front(), exited(commit > oldest ? 1 : 0));  // the newest was wrong
  }
  ASSERT_TRUE(plan.contradiction());
  EXPECT_EQ(plan.contradiction()->bad, oldest);
  EXPECT_GT(plan.contradiction()->good, oldest);
  EXPECT_LE(plan.contradiction()->good, newest);
  ASSERT_EQ(plan.result().kind, Kind::found);
  EXPECT_EQ(plan.result().suspects.front().node, oldest + 1);
}

/// `play` with three at once: the first failures put the good end in doubt while commits are tested that will pass, and
/// its verdict comes last.
void play_by_three(SearchPlan& plan, const Script& script) {
  std::map<Subject, std::uint32_t> runs;
  for (int round = 0; round < 500; ++round) {
    std::vector<Subject> next = plan.next(3);
    if (next.empty()) return;
    std::ranges::sort(next, std::greater<>{}, [&](Subject subject) { return plan.commit_of(subject); });
    for (const Subject subject : next) {
      const Subject commit = plan.commit_of(subject);
      plan.record(subject, exited(script(commit, ++runs[commit])));
    }
  }
  ADD_FAILURE() << "it does not end";
}

/// A good end that fails once, and one that always does.
TEST(SearchPlanTest, AnEndThatContradictsIsAskedAgain) {
  const CommitGraph graph = line(64, true);
  for (const bool stands : {false, true}) {
    SearchPlan plan{graph, {}, SearchPlanOptions{}};
    play_by_three(plan, [stands](Subject commit, std::uint32_t number) {
      if (commit == 0) return stands || number == 1 ? 1 : 0;
      return commit >= 10 ? 1 : 0;
    });
    ASSERT_NE(plan.noisy(), nullptr) << "the good end was not asked";
    EXPECT_EQ(plan.result().kind, stands ? Kind::good_end_is_bad : Kind::found);
  }
}

TEST(SearchPlanTest, WhatIsKnownToBeSkippedIsNeverTested) {
  const CommitGraph graph = line(64, true);
  for (const bool flaky : {false, true}) {
    SearchPlanOptions options;
    options.flaky = flaky;
    options.bisect.skipped = {31, 32, 33, 48};
    SearchPlan plan{graph, {}, options};
    play(plan, [&](Subject commit, std::uint32_t /*number*/) {
      EXPECT_EQ(std::ranges::count(options.bisect.skipped, commit), 0) << commit;
      return commit >= 20 ? 1 : 0;
    });
    ASSERT_EQ(plan.result().kind, Kind::found) << flaky;
    EXPECT_EQ(plan.result().suspects.front().node, 20U);
  }
}

TEST(SearchPlanTest, TrustedEndsAreNeverTested) {
  const CommitGraph graph = line(64, true);
  for (const std::size_t culprit : {1U, 30U, 64U}) {
    SearchPlanOptions options;
    options.flaky = true;
    options.bisect.search.trust_ends = true;
    SearchPlan plan{graph, {}, options};
    play(plan, [&](Subject commit, std::uint32_t /*number*/) {
      EXPECT_NE(commit, 0U);
      EXPECT_NE(commit, graph.bad_end());
      return commit >= culprit ? 1 : 0;
    });
    ASSERT_EQ(plan.result().kind, Kind::found);
    EXPECT_EQ(plan.result().suspects.front().node, culprit);
  }
}

TEST(SearchPlanTest, ARepairIsFoundWithAFlakyTestToo) {
  const CommitGraph graph = line(64, true);
  SearchPlanOptions options;
  options.flaky = true;
  options.bisect.find_fix = true;
  SearchPlan plan{graph, {}, options};
  play(plan, [](Subject commit, std::uint32_t /*number*/) { return commit >= 20 ? 0 : 1; });
  ASSERT_EQ(plan.result().kind, Kind::found);
  EXPECT_EQ(plan.result().suspects.front().node, 20U);
}

/// With one worker nothing can have disturbed it.
TEST(SearchPlanTest, AnAnswerThatIsNotConfirmedIsAContradiction) {
  const CommitGraph graph = line(64, true);
  SearchPlanOptions options;
  options.confirm = Confirm::always;
  SearchPlan plan{graph, {}, options};
  play(plan, [](Subject commit, std::uint32_t number) {
    if (commit == 32 && number == 1) return 1;  // wrong
    return commit >= 50 ? 1 : 0;
  });
  ASSERT_TRUE(plan.contradiction());
  EXPECT_EQ(plan.contradiction()->bad, plan.contradiction()->good);
  ASSERT_EQ(plan.result().kind, Kind::found);
  EXPECT_EQ(plan.result().suspects.front().node, 50U);
}

}  // namespace
}  // namespace nmz::search
