// Random histories, random truths, random untestable commits, any number of workers, any order of answers: the search
// must agree with the written-out model at every step and end with the truth.
#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/search/search.hpp"

#include "oracle.hpp"
#include "random_graph.hpp"

namespace nmz::search {
namespace {

/// One search with random workers and answers, checked at every step.
class Play {
 public:
  Play(Random& random, const CommitGraph& graph, SearchOptions options)
      : random_{random},
        graph_{graph},
        search_{graph, options},
        oracle_{graph, options.trust_ends},
        workers_{1 + below(random, 6)} {}

  template <class Answer>
  void run(const Answer& answer) {
    for (std::size_t step = 0; step <= 2 * graph_.size(); ++step) {
      compare();
      if (testing::Test::HasFatalFailure() || oracle_.conclusion() != Conclusion::Kind::undecided) return;
      refill();
      if (testing::Test::HasFatalFailure()) return;
      const auto place = static_cast<std::ptrdiff_t>(below(random_, running_.size()));
      const Node node = running_[static_cast<std::size_t>(place)];
      running_.erase(running_.begin() + place);
      const Verdict verdict = answer(node);
      search_.record(node, verdict);
      oracle_.record(node, verdict);
    }
    FAIL() << "does not end";
  }

  [[nodiscard]] Conclusion conclusion() const { return search_.conclusion(); }
  [[nodiscard]] const Oracle& oracle() const { return oracle_; }

 private:
  void compare() const {
    for (Node node = 0; node < graph_.size(); ++node) {
      ASSERT_EQ(search_.informative(node), oracle_.informative(node)) << "node " << node;
    }
    const Conclusion conclusion = search_.conclusion();
    ASSERT_EQ(conclusion.kind, oracle_.conclusion());
    ASSERT_EQ(search_.candidates_left(), oracle_.suspects().size());
    if (conclusion.kind != Conclusion::Kind::found && conclusion.kind != Conclusion::Kind::only_skipped) return;
    std::vector<Node> suspects;
    double shares = 0;
    for (const Suspect& suspect : conclusion.suspects) {
      suspects.push_back(suspect.node);
      shares += suspect.share;
    }
    ASSERT_EQ(suspects, oracle_.suspects());
    ASSERT_NEAR(shares, 1, 1e-9);
  }

  void refill() {
    if (running_.size() >= workers_) return;
    const std::size_t count = workers_ - running_.size();
    const std::vector<Node> chosen = search_.choose(count, running_);
    ASSERT_LE(chosen.size(), count);
    ASSERT_FALSE(chosen.empty() && running_.empty()) << "undecided, but nothing to test";
    for (const Node node : chosen) {
      ASSERT_TRUE(oracle_.worth_testing(node)) << "node " << node;
      ASSERT_EQ(std::ranges::count(running_, node), 0) << "node " << node << " twice";
      running_.push_back(node);
    }
  }

  Random& random_;
  const CommitGraph& graph_;
  Search search_;
  Oracle oracle_;
  std::size_t workers_;
  std::vector<Node> running_;
};

SearchOptions random_options(Random& random) {
  SearchOptions options;
  options.trust_ends = one_in(random, 2);
  // Small samples make a small graph take the way of a large one.
  options.sample = one_in(random, 3) ? 2 + below(random, 6) : 1024;
  if (!one_in(random, 3)) return options;
  options.prior_limit = 1 + below(random, 30);
  options.prior = [salt = random()](std::span<const Node> nodes) {
    std::vector<double> weights;
    for (const Node node : nodes) weights.push_back((node ^ salt) % 5 == 0 ? 100 : 1);
    return weights;
  };
  return options;
}

TEST(SearchPropertyTest, FindsTheTrueCulpritAndAgreesWithTheModel) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = random_graph(random, 24);
    const SearchOptions options = random_options(random);
    const std::vector<Hypothesis> culprits = all_hypotheses(graph, true);
    const Hypothesis& truth = culprits[below(random, culprits.size())];
    Play play{random, graph, options};
    play.run([&](Node node) { return truth.bad[node] ? Verdict::bad : Verdict::good; });
    ASSERT_FALSE(HasFatalFailure());
    const Conclusion conclusion = play.conclusion();
    ASSERT_EQ(conclusion.kind, Conclusion::Kind::found);
    ASSERT_EQ(conclusion.suspects.front().node, truth.node);
  }
}

TEST(SearchPropertyTest, UntestableCommitsLeaveExactlyThoseNobodyCanTellApart) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = random_graph(random, 24);
    SearchOptions options = random_options(random);
    options.trust_ends = true;
    const std::vector<Hypothesis> culprits = all_hypotheses(graph, true);
    const Hypothesis& truth = culprits[below(random, culprits.size())];
    std::vector<bool> untestable(graph.size());
    const std::size_t rarity = 1 + below(random, 4);
    for (Node node = 0; node < graph.size(); ++node) {
      untestable[node] = graph.role(node) == Role::passage || one_in(random, rarity);
    }
    Play play{random, graph, options};
    play.run([&](Node node) {
      if (untestable[node]) return Verdict::skip;
      return truth.bad[node] ? Verdict::bad : Verdict::good;
    });
    ASSERT_FALSE(HasFatalFailure());
    std::vector<Node> alike;
    for (const Hypothesis& other : culprits) {
      bool same = true;
      for (Node node = 0; node < graph.size(); ++node) {
        // What descends from a good end only, or is the bad end, is known without a test.
        same &= untestable[node] || other.bad[node] == truth.bad[node];
      }
      if (same) alike.push_back(other.node);
    }
    std::vector<Node> suspects;
    for (const Suspect& suspect : play.conclusion().suspects) suspects.push_back(suspect.node);
    ASSERT_EQ(suspects, alike);
  }
}

TEST(SearchPropertyTest, WrongEndsAreNamed) {
  std::set<Conclusion::Kind> seen;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = random_graph(random, 24);
    SearchOptions options = random_options(random);
    options.trust_ends = false;
    std::vector<Hypothesis> truths = all_hypotheses(graph, false);
    std::erase_if(truths, [](const Hypothesis& h) { return h.kind == Hypothesis::Kind::culprit; });
    const Hypothesis& truth = truths[below(random, truths.size())];
    Play play{random, graph, options};
    play.run([&](Node node) { return truth.bad[node] ? Verdict::bad : Verdict::good; });
    ASSERT_FALSE(HasFatalFailure());
    const Conclusion::Kind kind = play.conclusion().kind;
    seen.insert(kind);
    switch (truth.kind) {
      case Hypothesis::Kind::older:
      case Hypothesis::Kind::bad_good_end:
        ASSERT_EQ(kind, Conclusion::Kind::good_end_is_bad);
        ASSERT_TRUE(truth.bad[play.conclusion().suspects.front().node]);
        break;
      case Hypothesis::Kind::good_bad_end:
        ASSERT_EQ(kind, Conclusion::Kind::bad_end_is_good);
        break;
      case Hypothesis::Kind::blameless_bad_end:
      case Hypothesis::Kind::culprit:
        ASSERT_EQ(kind, Conclusion::Kind::contradiction);
    }
  }
  EXPECT_EQ(seen.size(), 3U);
}

TEST(SearchPropertyTest, AnyVerdictsAtAllEndInWhatTheModelSays) {
  std::set<Conclusion::Kind> seen;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random{seed};
    const CommitGraph graph = random_graph(random, 24);
    Play play{random, graph, random_options(random)};
    const std::size_t skips = 2 + below(random, 8);
    play.run([&](Node) {
      if (one_in(random, skips)) return Verdict::skip;
      return one_in(random, 2) ? Verdict::bad : Verdict::good;
    });
    ASSERT_FALSE(HasFatalFailure());
    seen.insert(play.conclusion().kind);
  }
  EXPECT_EQ(seen.size(), 5U) << "every conclusion occurs";
}

TEST(SearchPropertyTest, TheSameSearchChoosesTheSame) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random{seed};
    const CommitGraph graph = random_graph(random, 200);
    EXPECT_EQ(Search{graph}.choose(8, {}), Search{graph}.choose(8, {})) << "seed " << seed;
  }
}

}  // namespace
}  // namespace nmz::search
