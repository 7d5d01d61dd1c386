// A plan that is told anything in any order, compared with books kept in the plainest way.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/schedule/batch_plan.hpp"

#include "random.hpp"

namespace nmz::schedule {
namespace {

using dispatch::Subject;
using simulation::Random;

job::Outcome ended(job::OutcomeKind kind, std::int32_t code) {
  job::Outcome outcome;
  outcome.kind = kind;
  outcome.code = code;
  return outcome;
}

std::vector<Expectation> random_expectations(Random& random) {
  std::vector<Expectation> expected(random.below(40));
  const double known = random.uniform() * 1.3;
  for (Expectation& one : expected) {
    if (random.chance(known)) one = random.up_to(std::chrono::seconds{10});
  }
  return expected;
}

BatchOptions random_options(Random& random) {
  BatchOptions options;
  options.grouping = random.chance(0.2) ? Grouping::chunks : Grouping::singly;
  options.workers = random.below(6);
  options.chunks = random.below(12);
  options.shuffle = random.chance(0.5);
  options.seed = random.bits();
  options.failures_to_stop = random.chance(0.3) ? random.between(1, 5) : 0;
  return options;
}

/// Tells the plan at random, and itself.
class Player {
 public:
  explicit Player(std::uint64_t seed)
      : random_(seed),
        expected_(random_expectations(random_)),
        options_(random_options(random_)),
        plan_(expected_, options_) {}

  void play() {
    for (int steps = 0; !over(); ++steps) {
      ASSERT_LT(steps, 20'000) << "the plan does not come to an end";
      take(random_.below(4));
      if (!running_.empty()) tell_one();
      compare();
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_TRUE(options_.failures_to_stop > 0 || books_.size() == expected_.size());
    EXPECT_TRUE(plan_.next(100).empty());
  }

 private:
  [[nodiscard]] bool over() const { return running_.empty() && plan_.finished(); }

  void take(std::size_t count) {
    const std::vector<Subject> subjects = plan_.next(count);
    ASSERT_LE(subjects.size(), count);
    const bool something_to_do = count > 0 && running_.empty() && !plan_.finished();
    ASSERT_TRUE(!something_to_do || !subjects.empty()) << "the plan is stuck";
    for (const Subject subject : subjects) {
      const auto span = plan_.workloads(subject);
      const std::vector<Workload> batch(span.begin(), span.end());
      ASSERT_FALSE(batch.empty());
      for (const Workload workload : batch) {
        ASSERT_LT(workload, expected_.size());
        ASSERT_FALSE(books_.contains(workload)) << "handed out although it has an outcome";
        ASSERT_FALSE(in_hands().contains(workload)) << "handed out twice at once";
      }
      if (const auto left = given_back_.find(subject); left != given_back_.end()) {
        ASSERT_EQ(left->second, batch) << "came back as something else";
        given_back_.erase(left);
      } else {
        ASSERT_TRUE(subjects_.insert(subject).second) << "a number used again";
        ASSERT_TRUE(given_back_.empty()) << "something new before what was given back";
      }
      ASSERT_TRUE(running_.emplace(subject, batch).second);
    }
  }

  [[nodiscard]] std::set<Workload> in_hands() const {
    std::set<Workload> workloads;
    for (const auto& [subject, batch] : running_) workloads.insert(batch.begin(), batch.end());
    return workloads;
  }

  void tell_one() {
    const auto which = std::next(running_.begin(), static_cast<std::ptrdiff_t>(random_.below(running_.size())));
    const Subject subject = which->first;
    const std::vector<Workload> batch = which->second;
    running_.erase(which);
    if (random_.chance(0.5)) {
      plan_.give_back(subject);
      given_back_[subject] = batch;
    } else {
      end(subject, batch);
    }
  }

  void end(Subject subject, const std::vector<Workload>& batch) {
    const bool given_up = random_.chance(0.2);
    const job::Outcome outcome = given_up ? ended(job::OutcomeKind::lost, 0) : random_verdict();
    plan_.record(subject, outcome);
    for (const Workload workload : batch) books_.emplace(workload, outcome);
  }

  job::Outcome random_verdict() {
    return random_.chance(0.1) ? ended(job::OutcomeKind::timed_out, 0)
                               : ended(job::OutcomeKind::exited, random_.chance(0.8) ? 0 : 1);
  }

  void compare() const {
    std::size_t failures = 0;
    for (Workload workload = 0; workload < expected_.size(); ++workload) {
      const auto known = books_.find(workload);
      ASSERT_EQ(plan_.outcome(workload).has_value(), known != books_.end());
      if (known == books_.end()) continue;
      ASSERT_EQ(*plan_.outcome(workload), known->second);
      if (known->second != ended(job::OutcomeKind::exited, 0)) ++failures;
    }
    ASSERT_EQ(plan_.done(), books_.size());
    ASSERT_EQ(plan_.failures(), failures);
    const bool stopped = options_.failures_to_stop > 0 && failures >= options_.failures_to_stop;
    ASSERT_EQ(plan_.finished(), stopped || books_.size() == expected_.size());
    ASSERT_EQ(plan_.pointless().size(), plan_.finished() ? running_.size() : 0);
  }

  Random random_;
  std::vector<Expectation> expected_;
  BatchOptions options_;
  BatchPlan plan_;
  std::map<Workload, job::Outcome> books_;
  std::map<Subject, std::vector<Workload>> running_;
  std::map<Subject, std::vector<Workload>> given_back_;
  std::set<Subject> subjects_;
};

TEST(BatchPlanPropertyTest, EachWorkloadGetsOneOutcomeWhateverIsTold) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Player(seed).play();
    if (HasFailure()) return;
  }
}

TEST(BatchPlanPropertyTest, EachWorkloadIsInOneExecution) {
  for (std::uint64_t seed = 1; seed <= 5000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const std::vector<Expectation> expected = random_expectations(random);
    const BatchOptions options = random_options(random);
    BatchPlan plan(expected, options);
    std::vector<Workload> all;
    for (const Subject subject : plan.next(expected.size() + 1)) {
      const auto batch = plan.workloads(subject);
      if (options.grouping == Grouping::singly) {
        ASSERT_EQ(batch.size(), 1U);
      }
      all.insert(all.end(), batch.begin(), batch.end());
    }
    std::ranges::sort(all);
    ASSERT_EQ(all.size(), expected.size());
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], i);
  }
}

}  // namespace
}  // namespace nmz::schedule
