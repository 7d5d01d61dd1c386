#include "trends.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::nmzswarm {
namespace {

using namespace std::chrono_literals;

history::Past past(const std::string& workload, const std::vector<double>& milliseconds,
                   const std::string& results = "") {
  history::Past result;
  result.workload = workload;
  for (std::size_t i = 0; i < milliseconds.size(); ++i) {
    history::Execution one;
    one.took = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double, std::milli>(milliseconds[i]));
    one.passed = i >= results.size() || results[i] == '.';
    one.node = i % 2 == 0 ? "fast" : "slow";
    result.executions.push_back(std::move(one));
  }
  return result;
}

/// By going through all ways to choose the later ones.
double chance_by_hand(const std::vector<double>& earlier, const std::vector<double>& later) {
  std::vector<double> all = earlier;
  all.insert(all.end(), later.begin(), later.end());
  const auto rank_sum = [&](const std::vector<std::size_t>& chosen) {
    double sum = 0;
    for (const std::size_t one : chosen) {
      for (const double other : all) sum += other < all[one] ? 1 : other == all[one] ? 0.5 : 0;
    }
    return sum;
  };
  std::vector<std::size_t> real(later.size());
  std::iota(real.begin(), real.end(), earlier.size());
  std::vector<bool> mask(all.size());
  std::fill(mask.end() - static_cast<std::ptrdiff_t>(later.size()), mask.end(), true);
  double large = 0;
  double every = 0;
  do {
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask[i]) chosen.push_back(i);
    }
    ++every;
    if (rank_sum(chosen) >= rank_sum(real) - 1e-9) ++large;
  } while (std::next_permutation(mask.begin(), mask.end()));
  return large / every;
}

TEST(TrendsTest, TheChanceIsThatOfAllWaysToChoose) {
  std::mt19937_64 random{7};
  for (int round = 0; round < 60; ++round) {
    std::vector<double> earlier(3 + random() % 6);
    std::vector<double> later(1 + random() % 4);
    for (double& one : earlier) one = static_cast<double>(random() % 8);
    for (double& one : later) one = static_cast<double>(random() % 12);
    EXPECT_NEAR(chance_of_being_larger(earlier, later), chance_by_hand(earlier, later), 1e-12) << round;
  }
}

TEST(TrendsTest, WhatBecameSlowerIsFoundAndHowSure) {
  const std::vector<double> steady{100, 104, 98, 101, 99, 103, 100, 102, 97, 101, 103, 99, 98, 104};
  std::vector<double> slower = steady;
  for (std::size_t i = slower.size() - 4; i < slower.size(); ++i) slower[i] *= 1.5;
  std::vector<double> outlier = steady;
  outlier.back() = 1000;
  std::vector<double> little = steady;
  for (std::size_t i = little.size() - 4; i < little.size(); ++i) little[i] += 8;
  const Trends found = trends({past("steady", steady), past("slower", slower), past("outlier", outlier),
                               past("little", little), past("new", {1, 2, 3})});
  ASSERT_EQ(found.slower.size(), 1U);
  EXPECT_EQ(found.slower[0].workload, "slower");
  EXPECT_GT(found.slower[0].sure, 0.99);
  EXPECT_GT(found.slower[0].now, 140ms);
  EXPECT_LT(found.slower[0].before, 105ms);
}

TEST(TrendsTest, AmongManySteadyOnesChanceIsNoNews) {
  std::mt19937_64 random{11};
  std::lognormal_distribution<double> noise{3, 0.5};
  std::size_t named = 0;
  for (int suite = 0; suite < 20; ++suite) {
    std::vector<history::Past> pasts;
    for (int one = 0; one < 200; ++one) {
      std::vector<double> took(30);
      for (double& it : took) it = 100 * noise(random);
      pasts.push_back(past(std::to_string(one), took));
    }
    named += trends(pasts).slower.empty() ? 0U : 1U;
  }
  EXPECT_LE(named, 5U) << "of 20 suites";
}

TEST(TrendsTest, FlakyIsWhatChangesMoreThanOnce) {
  const std::vector<double> took(6, 1);
  const Trends found =
      trends({past("mended", took, "FFF..."), past("flaky", took, ".F...."), past("worse", took, ".F.F.F")});
  ASSERT_EQ(found.flaky.size(), 2U);
  EXPECT_EQ(found.flaky[0].workload, "worse");
  EXPECT_EQ(found.flaky[0].changes, 5U);
  EXPECT_EQ(found.flaky[1].failures, 1U);
}

TEST(TrendsTest, ANodesPaceIsInTermsOfItsWorkloads) {
  const Trends found = trends({past("a", {10, 20, 10, 20, 10, 20}), past("b", {1000, 2000, 1000, 2000})});
  ASSERT_EQ(found.nodes.size(), 2U);
  EXPECT_EQ(found.nodes[0].name, "fast");
  EXPECT_NEAR(found.nodes[1].pace / found.nodes[0].pace, 2, 1e-9);
  EXPECT_TRUE(found.runners.empty());
}

}  // namespace
}  // namespace nmz::nmzswarm
