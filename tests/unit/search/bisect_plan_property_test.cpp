// Whole searches through the plan: any history, any number of workers, lost runs, both strategies.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/search/bisect_plan.hpp"

#include "oracle.hpp"
#include "plan_player.hpp"

namespace nmz::search {
namespace {

using Kind = BisectResult::Kind;

struct Scene {
  explicit Scene(std::uint64_t seed) : random{seed}, graph{random_graph(random, 24)} {
    options.search.trust_ends = one_in(random, 2);
    options.strategy = one_in(random, 2) ? Strategy::rounds : Strategy::adaptive;
    options.workers = 1 + below(random, 6);
    options.find_fix = one_in(random, 4);
    for (std::size_t count = below(random, 3); count > 0; --count) {
      checks.push_back({one_in(random, 2) ? Check::Kind::merge_base : Check::Kind::sibling_good});
    }
  }

  [[nodiscard]] bool bad(const Hypothesis& truth, dispatch::Subject subject) const {
    return subject < graph.size() && truth.bad[subject];
  }

  Random random;
  CommitGraph graph;
  std::vector<Check> checks;
  BisectOptions options;
};

TEST(BisectPlanPropertyTest, FindsTheCulpritWhateverHappensToTheWorkers) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Scene scene{seed};
    const std::vector<Hypothesis> culprits = all_hypotheses(scene.graph, true);
    const Hypothesis& truth = culprits[below(scene.random, culprits.size())];
    BisectPlan plan{scene.graph, scene.checks, scene.options};
    const std::int32_t failure = one_in(scene.random, 3) ? 127 : 1;
    const Played played = play(plan, scene.options.workers, scene.random, [&](dispatch::Subject subject) {
      return exited(scene.bad(truth, subject) != scene.options.find_fix ? failure : 0);
    });
    ASSERT_TRUE(played.ended);
    ASSERT_EQ(plan.result().kind, Kind::found);
    ASSERT_EQ(plan.result().suspects.front().node, truth.node);
    ASSERT_EQ(plan.result().subject, truth.node);
  }
}

TEST(BisectPlanPropertyTest, UntestableCommitsNeverHideTheCulprit) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Scene scene{seed};
    const std::vector<Hypothesis> culprits = all_hypotheses(scene.graph, true);
    const Hypothesis& truth = culprits[below(scene.random, culprits.size())];
    const std::size_t rarity = 1 + below(scene.random, 4);
    BisectPlan plan{scene.graph, scene.checks, scene.options};
    const Played played = play(plan, scene.options.workers, scene.random, [&](dispatch::Subject subject) {
      if (one_in(scene.random, rarity)) return exited(125);
      return exited(scene.bad(truth, subject) != scene.options.find_fix ? 1 : 0);
    });
    ASSERT_TRUE(played.ended);
    const BisectResult& result = plan.result();
    ASSERT_TRUE(result.kind == Kind::found || result.kind == Kind::only_skipped ||
                result.kind == Kind::nothing_testable);
    const auto is_truth = [&](const Suspect& suspect) { return suspect.node == truth.node; };
    ASSERT_TRUE(std::ranges::any_of(result.suspects, is_truth));
    if (rarity == 1 && !played.answered.empty()) {
      ASSERT_EQ(result.kind, Kind::nothing_testable);
    }
  }
}

TEST(BisectPlanPropertyTest, RoundsDoNotDependOnTheOrderOfAnswers) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Scene scene{seed};
    scene.options.strategy = Strategy::rounds;
    const std::vector<Hypothesis> culprits = all_hypotheses(scene.graph, true);
    const Hypothesis& truth = culprits[below(scene.random, culprits.size())];
    std::vector<std::vector<dispatch::Subject>> sets;
    for (int repetition = 0; repetition < 2; ++repetition) {
      BisectPlan plan{scene.graph, scene.checks, scene.options};
      std::vector<dispatch::Subject> tested =
          play(plan, scene.options.workers, scene.random, [&](auto subject) {
            return exited(scene.bad(truth, subject) != scene.options.find_fix ? 1 : 0);
          }).started;
      std::ranges::sort(tested);
      tested.erase(std::unique(tested.begin(), tested.end()), tested.end());
      sets.push_back(std::move(tested));
    }
    EXPECT_EQ(sets[0], sets[1]) << "seed " << seed;
  }
}

}  // namespace
}  // namespace nmz::search
