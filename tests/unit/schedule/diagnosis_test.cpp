// Kinds of failures against a world whose truth is known: rates at which a test fails in each setting.
#include "nmz/schedule/diagnosis.hpp"

#include <array>
#include <random>

#include <gtest/gtest.h>

namespace nmz::schedule {
namespace {

constexpr std::uint32_t limit = 60;
using Rates = std::array<double, setting_count>;

Settings every_setting() {
  Settings all;
  for (const Setting one : {Setting::alone, Setting::beside, Setting::load, Setting::after}) all.add(one);
  return all;
}

/// Repetitions of a test with these rates, until there are enough.
Diagnosis diagnosed(const Rates& rates, std::uint64_t seed, const Settings& settings, Seen failure = Seen::failed) {
  std::mt19937_64 random{seed};
  Diagnosis diagnosis{settings, limit};
  while (const auto setting = diagnosis.next()) {
    EXPECT_TRUE(settings.has(*setting));
    EXPECT_LT(diagnosis.runs(), limit);
    const double rate = rates.at(static_cast<std::size_t>(*setting));
    diagnosis.record(*setting, std::bernoulli_distribution{rate}(random) ? failure : Seen::passed);
  }
  return diagnosis;
}

struct Truth {
  const char* name;
  Rates rates;  ///< alone, beside, load, after
  FailureKind kind;
  double right;  ///< share of answers, at least
  double runs;   ///< in the mean, at most
};

class DiagnosisTest : public testing::TestWithParam<Truth> {};

TEST_P(DiagnosisTest, TheTruthIsFound) {
  const Truth& truth = GetParam();
  constexpr std::uint64_t seeds = 300;
  double right = 0;
  double runs = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const Diagnosis diagnosis = diagnosed(truth.rates, seed, every_setting());
    right += diagnosis.kind() == truth.kind ? 1 : 0;
    runs += diagnosis.runs();
  }
  EXPECT_GE(right / seeds, truth.right);
  EXPECT_LE(runs / seeds, truth.runs);
  RecordProperty("right", std::to_string(right / seeds));
  RecordProperty("runs", std::to_string(runs / seeds));
}

INSTANTIATE_TEST_SUITE_P(, DiagnosisTest,
                         testing::Values(Truth{"Genuine", {1, 1, 1, 1}, FailureKind::genuine, 1, 10},
                                         Truth{"NineInTen", {.9, .9, .9, .9}, FailureKind::flaky, .55, 25},
                                         Truth{"Half", {.5, .5, .5, .5}, FailureKind::flaky, .95, 16},
                                         Truth{"OneInThree", {.3, .3, .3, .3}, FailureKind::flaky, .9, 30},
                                         Truth{"OneInFifty", {.02, .02, .02, .02}, FailureKind::flaky, .85, 60},
                                         Truth{"UnderLoad", {0, 0, 1, 0}, FailureKind::contention, .99, 12},
                                         Truth{"BesideOthers", {0, 1, 0, 0}, FailureKind::contention, .99, 12},
                                         Truth{"UnderLoadOrBeside", {0, .8, .8, 0}, FailureKind::contention, .9, 20},
                                         Truth{"OftenUnderLoad", {0, 0, .6, 0}, FailureKind::contention, .9, 25},
                                         Truth{"AfterAnother", {0, 0, 0, 1}, FailureKind::order_dependent, .99, 12},
                                         Truth{
                                             "OftenAfterAnother", {0, 0, 0, .7}, FailureKind::order_dependent, .9, 25}),
                         [](const auto& truth) { return truth.param.name; });

TEST(DiagnosisRulesTest, WhatPassesWithMoreTimeNeedsTime) {
  const Diagnosis slow = diagnosed({1, 1, 1, 1}, 1, every_setting(), Seen::too_late);
  EXPECT_EQ(slow.kind(), FailureKind::time_limit);
  const Diagnosis slow_under_load = diagnosed({0, 0, 1, 0}, 1, every_setting(), Seen::too_late);
  EXPECT_EQ(slow_under_load.kind(), FailureKind::time_limit);
  EXPECT_EQ(slow_under_load.trials(Setting::load).too_late, slow_under_load.trials(Setting::load).failures);
}

TEST(DiagnosisRulesTest, WhatCannotBeTriedIsNoAnswer) {
  Settings some;
  some.add(Setting::alone);
  some.add(Setting::load);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Diagnosis never_again = diagnosed({0, 0, 0, 0}, seed, some);
    EXPECT_EQ(never_again.kind(), FailureKind::flaky) << "nothing ran before it that could be to blame";
    EXPECT_EQ(never_again.trials(Setting::beside).runs + never_again.trials(Setting::after).runs, 0U);
  }
}

TEST(DiagnosisRulesTest, WithoutARepetitionNothingIsKnown) {
  const Diagnosis none{every_setting(), 0};
  EXPECT_EQ(none.next(), std::nullopt);
  EXPECT_EQ(none.kind(), FailureKind::undecided);
  EXPECT_EQ(none.confidence(), 0);
}

}  // namespace
}  // namespace nmz::schedule
