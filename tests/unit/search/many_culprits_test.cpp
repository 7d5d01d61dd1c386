// The search for many culprits: what each test is told is what a search for it alone would tell, whatever the others
// do; and what a test has that is not a culprit's.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/search/many_culprits_plan.hpp"

#include "oracle.hpp"
#include "plan_player.hpp"

namespace nmz::search {
namespace {

using Kind = Fate::Kind;

/// Runs a plan to its end: some workers, answers in any order, some of which are lost.
class Game {
 public:
  using Truth = std::function<Said(TestNumber, dispatch::Subject)>;

  Game(const CommitGraph& graph, ManyCulpritsOptions options, Truth truth)
      : truth_{std::move(truth)}, graph_{graph}, plan{graph, std::move(options), questions()} {}

  void play(Random& random, std::size_t workers, std::size_t lost = 0) {
    std::vector<dispatch::Subject> running;
    for (std::size_t steps = 0; !plan.finished(); ++steps) {
      ASSERT_LT(steps, 100000U);
      for (const dispatch::Subject one : plan.next(workers - running.size())) {
        running.push_back(one);
        ++executions[plan.commit_of(one)];
      }
      for (const dispatch::Subject useless : plan.pointless()) {
        plan.give_back(useless);
        std::erase(running, useless);
      }
      if (plan.finished()) break;
      if (running.empty()) continue;
      const std::size_t which = below(random, running.size());
      const dispatch::Subject one = running[which];
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
      if (lost > 0 && one_in(random, lost)) {
        plan.give_back(one);
      } else {
        plan.record(one, outcome(one));
        if (remembers > 0) remember(random);
      }
    }
  }

  [[nodiscard]] std::size_t all() const {
    std::size_t sum = 0;
    for (const auto& [commit, count] : executions) sum += count;
    return sum;
  }

 private:
  /// Some of what commits say of tests that are searched for is known, as soon as they are; each is told once.
  void remember(Random& random) {
    std::vector<TestNumber> fresh;
    for (TestNumber test = 0; test < plan.tests(); ++test) {
      if (plan.searches_for(test) && remembered_.insert(test).second) fresh.push_back(test);
    }
    for (dispatch::Subject commit = 0; commit < graph_.bad_end() && !fresh.empty(); ++commit) {
      if (graph_.role(commit) != Role::candidate) continue;
      std::vector<std::pair<TestNumber, Said>> said;
      for (const TestNumber test : fresh) {
        const Said truth = broken.contains(commit) ? Said::untestable : truth_(test, commit);
        if (one_in(random, remembers)) said.emplace_back(test, truth);
      }
      for (const auto& [test, what] : plan.learn_of(commit, said)) ASSERT_EQ(plan.said(test, commit), what);
      ASSERT_TRUE(plan.learn_of(commit, said).empty()) << "it is told twice";
    }
  }

  ManyCulpritsPlan::Questions questions() {
    ManyCulpritsPlan::Questions questions;
    questions.answers = [this](dispatch::Subject execution) {
      std::vector<Said> said;
      for (const TestNumber test : plan.tests_of(execution)) said.push_back(answer(execution, test));
      return said;
    };
    questions.listed = [this](dispatch::Subject) { return on_list; };
    questions.unit = [this](TestNumber test) { return units == 0 ? 0 : test % units; };
    return questions;
  }

  Said answer(dispatch::Subject execution, TestNumber test) {
    const Said truth = truth_(test, plan.commit_of(execution));
    const bool list = plan.task_of(execution) == ManyCulpritsPlan::Task::list;
    if (list) return truth == Said::absent || truth == Said::untestable ? truth : Said::nothing;
    for (const TestNumber other : plan.tests_of(execution)) {
      if (silences.contains(other)) return Said::nothing;
      if (other < test && brings_down.contains(other)) return Said::nothing;
    }
    return truth == Said::absent ? Said::nothing : truth;
  }

  [[nodiscard]] job::Outcome outcome(dispatch::Subject execution) const {
    if (broken.contains(plan.commit_of(execution))) {
      job::Outcome failed;
      failed.kind = job::OutcomeKind::build_failed;
      failed.code = 1;
      return failed;
    }
    const auto tests = plan.tests_of(execution);
    const bool down = std::ranges::any_of(
        tests, [&](TestNumber test) { return brings_down.contains(test) || silences.contains(test); });
    return exited(down ? 139 : 1);
  }

  Truth truth_;
  const CommitGraph& graph_;
  std::set<TestNumber> remembered_;

 public:
  std::size_t remembers = 0;         ///< one of so many verdicts; 0 = none
  std::set<TestNumber> brings_down;  ///< whatever runs after them in their process says nothing
  std::set<TestNumber> silences;     ///< nothing is said of any test in their process
  std::set<dispatch::Subject> broken;
  std::uint32_t units = 0;
  std::optional<std::size_t> on_list;
  ManyCulpritsPlan plan;
  std::map<dispatch::Subject, std::size_t> executions;
};

ManyCulpritsOptions of_tests(std::size_t count) {
  ManyCulpritsOptions options;
  options.tests = count;
  return options;
}

/// Fails from `culprit` on, on a line.
Game::Truth since(std::vector<Node> culprits) {
  return [culprits = std::move(culprits)](TestNumber test, dispatch::Subject commit) {
    return commit >= culprits.at(test) ? Said::failed : Said::passed;
  };
}

std::vector<Node> nodes(const std::vector<Suspect>& suspects) {
  std::vector<Node> all;
  for (const Suspect& one : suspects) all.push_back(one.node);
  return all;
}

/// What a search for this test alone finds; `said` gives 0, 1 or 125.
BisectResult alone(const CommitGraph& graph, const std::function<std::int32_t(dispatch::Subject)>& said) {
  BisectOptions options;
  options.search.trust_ends = true;
  options.keep_going = true;
  BisectPlan plan{graph, {}, options};
  play_serially(plan, [&](dispatch::Subject subject) { return exited(said(subject)); });
  return plan.result();
}

TEST(ManyCulpritsTest, EachTestIsToldWhatASearchForItAloneWouldTell) {
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = one_in(random, 3) ? line(3 + below(random, 30), true) : random_graph(random, 30);
    const std::vector<Hypothesis> culprits = all_hypotheses(graph, true);
    const std::size_t tests = 1 + below(random, 12);
    const std::size_t distinct = 1 + below(random, 4);
    std::vector<const Hypothesis*> some;
    for (std::size_t i = 0; i < distinct; ++i) some.push_back(&culprits[below(random, culprits.size())]);
    std::vector<const Hypothesis*> truth;
    for (std::size_t i = 0; i < tests; ++i) truth.push_back(some[below(random, distinct)]);
    std::set<std::pair<TestNumber, dispatch::Subject>> skips;
    std::set<dispatch::Subject> broken;
    const bool testable = one_in(random, 2);
    for (Node node = 0; node + 1 < graph.size() && !testable; ++node) {
      if (graph.role(node) != Role::candidate) continue;
      if (one_in(random, 4)) broken.insert(node);
      for (TestNumber test = 0; test < tests; ++test) {
        if (one_in(random, 8)) skips.emplace(test, node);
      }
    }
    ManyCulpritsOptions options = of_tests(tests);
    options.trust_ends = true;
    options.confirm = one_in(random, 2);
    options.largest = below(random, 6);
    Game game{graph, options, [&](TestNumber test, dispatch::Subject commit) {
                if (skips.contains({test, commit})) return Said::untestable;
                return truth[test]->bad[commit] ? Said::failed : Said::passed;
              }};
    game.broken = broken;
    game.units = static_cast<std::uint32_t>(below(random, 3));
    game.remembers = below(random, 4);
    game.play(random, 1 + below(random, 5), one_in(random, 2) ? 10 : 0);
    for (TestNumber test = 0; test < tests; ++test) {
      const BisectResult expected = alone(graph, [&](dispatch::Subject commit) {
        if (broken.contains(commit) || skips.contains({test, commit})) return 125;
        return truth[test]->bad[commit] ? 1 : 0;
      });
      const Fate& fate = game.plan.fate(test);
      ASSERT_EQ(fate.kind, expected.kind == BisectResult::Kind::found ? Kind::found : Kind::only_skipped);
      ASSERT_EQ(nodes(fate.suspects), nodes(expected.suspects));
      ASSERT_TRUE(std::ranges::count(nodes(fate.suspects), truth[test]->node) == 1);
    }
  }
}

TEST(ManyCulpritsTest, FortyTestsWithThreeCulpritsCostLessThanThreeSearches) {
  const CommitGraph graph = line(1000, true);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random{seed};
    std::vector<Node> three;
    for (int i = 0; i < 3; ++i) three.push_back(static_cast<Node>(1 + below(random, 1000)));
    std::vector<Node> culprits;
    for (int i = 0; i < 40; ++i) culprits.push_back(three[below(random, 3)]);
    Game game{graph, of_tests(40), since(culprits)};
    game.play(random, 1);
    for (TestNumber test = 0; test < 40; ++test) {
      ASSERT_EQ(game.plan.fate(test).kind, Kind::found);
      ASSERT_EQ(game.plan.fate(test).suspects.front().node, culprits[test]);
    }
    std::size_t singles = 0;
    for (const Node culprit : three) singles += 2 + serial_tests(graph, culprit, {});
    EXPECT_LE(game.all(), singles * 5 / 4) << "seed " << seed;
  }
}

TEST(ManyCulpritsTest, ACommitIsExecutedOnceForAllThatAreUndecidedThere) {
  const CommitGraph graph = line(64, true);
  ManyCulpritsOptions options = of_tests(10);
  options.confirm = false;
  Game game{graph, options, since(std::vector<Node>(10, 40))};
  Random random{1};
  game.play(random, 1);
  EXPECT_LE(game.all(), 2U + 6U);
  for (const auto& [commit, count] : game.executions) EXPECT_EQ(count, 1U) << commit;
}

TEST(ManyCulpritsTest, EndsTellWhatIsOldFixedOrPasses) {
  const CommitGraph graph = line(8, true);
  Game game{graph, of_tests(5), [](TestNumber test, dispatch::Subject commit) {
              const Said at[][2] = {{Said::failed, Said::failed},
                                    {Said::failed, Said::passed},
                                    {Said::passed, Said::passed},
                                    {Said::passed, Said::absent},
                                    {Said::passed, Said::untestable}};
              return commit == 0 ? at[test][0] : at[test][1];
            }};
  Random random{1};
  game.play(random, 2);
  const Kind expected[] = {Kind::old, Kind::fixed, Kind::passes, Kind::absent, Kind::untestable};
  for (TestNumber test = 0; test < 5; ++test) EXPECT_EQ(game.plan.fate(test).kind, expected[test]) << test;
  for (const auto& [commit, count] : game.executions) EXPECT_TRUE(commit == 0 || commit == 8) << commit;
}

TEST(ManyCulpritsTest, OfAWholeSuiteOnlyWhatFailsIsTestedElsewhere) {
  const CommitGraph graph = line(16, true);
  Game game{graph, ManyCulpritsOptions{}, [](TestNumber test, dispatch::Subject commit) {
              return test == 7 && commit >= 5 ? Said::failed : Said::passed;
            }};
  game.on_list = 100;
  Random random{1};
  game.play(random, 1);
  EXPECT_EQ(game.plan.tests(), 100U);
  EXPECT_EQ(game.plan.fate(7).kind, Kind::found);
  EXPECT_EQ(game.plan.fate(7).suspects.front().node, 5U);
  EXPECT_EQ(game.plan.fate(8).kind, Kind::passes);
  EXPECT_FALSE(game.plan.said(8, 0));
}

TEST(ManyCulpritsTest, WithoutAListThereIsNothing) {
  const CommitGraph graph = line(16, true);
  Game game{graph, ManyCulpritsOptions{}, since({})};
  Random random{1};
  game.play(random, 1);
  EXPECT_TRUE(game.plan.without_list());
}

TEST(ManyCulpritsTest, ATestThatWasAddedFailsSinceThenOrSinceItWasBroken) {
  const CommitGraph graph = line(100, true);
  Game game{graph, of_tests(2), [](TestNumber test, dispatch::Subject commit) {
              if (commit < 30) return Said::absent;
              return commit >= (test == 0 ? 30U : 60U) ? Said::failed : Said::passed;
            }};
  Random random{1};
  game.play(random, 1);
  EXPECT_EQ(game.plan.fate(0).kind, Kind::since_added);
  EXPECT_EQ(game.plan.fate(0).suspects.front().node, 30U);
  EXPECT_EQ(game.plan.fate(1).kind, Kind::found);
  EXPECT_EQ(game.plan.fate(1).suspects.front().node, 60U);
}

TEST(ManyCulpritsTest, WhereATestIsAbsentForAWhileItCannotBeTested) {
  const CommitGraph graph = line(40, true);
  Game game{graph, of_tests(1), [](TestNumber, dispatch::Subject commit) {
              if (commit >= 10 && commit < 20) return Said::absent;
              return commit >= 15 ? Said::failed : Said::passed;
            }};
  Random random{1};
  game.play(random, 1);
  EXPECT_EQ(game.plan.fate(0).kind, Kind::only_skipped);
  const std::vector<Node> suspects = nodes(game.plan.fate(0).suspects);
  EXPECT_EQ(suspects.front(), 10U);
  EXPECT_EQ(suspects.back(), 20U);
}

TEST(ManyCulpritsTest, ATestThatBringsItsProcessDownCostsTheOthersNothing) {
  const CommitGraph graph = line(32, true);
  Game game{graph, of_tests(6), since({9, 9, 9, 20, 20, 20})};
  game.brings_down = {1, 3};
  Random random{1};
  game.play(random, 1);
  for (TestNumber test = 0; test < 6; ++test) {
    EXPECT_EQ(game.plan.fate(test).kind, Kind::found) << test;
    EXPECT_EQ(game.plan.fate(test).suspects.front().node, test < 3 ? 9U : 20U);
  }
}

TEST(ManyCulpritsTest, OfARunnerThatSaysNothingWhenATestBringsItDownTheOthersAreFoundInHalves) {
  const CommitGraph graph = line(8, true);
  std::vector<Node> culprits(40, 4);
  Game game{graph, of_tests(40), since(culprits)};
  game.silences = {17};
  Random random{1};
  game.play(random, 1);
  for (TestNumber test = 0; test < 40; ++test) {
    if (test != 17) {
      EXPECT_EQ(game.plan.fate(test).kind, Kind::found) << test;
    }
  }
}

TEST(ManyCulpritsTest, AFlakyTestIsNobodysFault) {
  const CommitGraph graph = line(200, true);
  std::size_t flaky = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random{seed};
    Random coin{seed + 1000};
    Game game{graph, of_tests(3), [&](TestNumber test, dispatch::Subject commit) {
                if (test < 2) return commit >= 77 ? Said::failed : Said::passed;
                if (commit == 0 || commit == 200) return commit == 0 ? Said::passed : Said::failed;
                return one_in(coin, 2) ? Said::failed : Said::passed;
              }};
    game.play(random, 4);
    ASSERT_EQ(game.plan.fate(0).suspects.front().node, 77U);
    ASSERT_EQ(game.plan.fate(1).suspects.front().node, 77U);
    const Kind kind = game.plan.fate(2).kind;
    ASSERT_TRUE(kind == Kind::flaky || kind == Kind::found);
    if (kind == Kind::flaky) ++flaky;
  }
  EXPECT_GE(flaky, 70U);
}

TEST(ManyCulpritsTest, WhatFailsAtAnAncestorOfWhereItPassesIsFlaky) {
  const CommitGraph graph = line(16, true);
  ManyCulpritsOptions options = of_tests(1);
  options.confirm = false;
  Game game{graph, options, [](TestNumber, dispatch::Subject commit) {
              return commit == 16 || (commit > 0 && commit < 8) ? Said::failed : Said::passed;
            }};
  const std::vector<dispatch::Subject> ends = game.plan.next(2);
  Random random{3};
  job::Outcome outcome = exited(1);
  for (const dispatch::Subject end : ends) game.plan.record(end, outcome);
  const std::vector<dispatch::Subject> probes = game.plan.next(3);
  ASSERT_EQ(probes.size(), 3U);
  for (const dispatch::Subject probe : probes) game.plan.record(probe, outcome);
  game.play(random, 1);
  ASSERT_EQ(game.plan.fate(0).kind, Kind::flaky);
  EXPECT_LT(game.plan.fate(0).bad, game.plan.fate(0).good);
}

TEST(ManyCulpritsTest, ASilentCommitIsGivenUpSoon) {
  const CommitGraph graph = line(16, true);
  Game game{graph, of_tests(64), [](TestNumber, dispatch::Subject commit) {
              if (commit == 8) return Said::nothing;
              return commit >= 9 ? Said::failed : Said::passed;
            }};
  Random random{1};
  game.play(random, 1);
  EXPECT_LE(game.executions[8], 16U);
  EXPECT_EQ(game.plan.fate(0).kind, Kind::only_skipped);
}

}  // namespace
}  // namespace nmz::search
