#include "nmz/search/rate_grid.hpp"

#include <array>
#include <cmath>
#include <cstddef>

namespace nmz::search {
namespace {

constexpr std::array<double, 14> points{.002, .008, .02, .04, .065, .1, .14, .19, .25, .32, .4, .5, .6, .75};
/// How much more often a bad commit has to fail than a good one.
constexpr double least_difference = 0.2;

// How probable the ways in which the rates may be related are.
constexpr double equal = 0.45;
constexpr double good_never_fails = 0.22;
constexpr double bad_never_passes = 0.1;
constexpr double unrelated = 1 - equal - good_never_fails - bad_never_passes;

struct Beta {
  double a = 1;
  double b = 1;
};
constexpr Beta alike{.a = 0.8, .b = 1.5};
constexpr Beta apart{.a = 0.7, .b = 2};
constexpr Beta one_sided{.a = 1, .b = 1};
constexpr Beta measured{.a = 1, .b = 1.5};  ///< the other rate is known

double density(const Beta& beta, double at) {
  const double log_norm = std::lgamma(beta.a + beta.b) - std::lgamma(beta.a) - std::lgamma(beta.b);
  return std::exp(log_norm) * std::pow(at, beta.a - 1) * std::pow(1 - at, beta.b - 1);
}

/// What the point stands for reaches half way to the next ones.
double mass(const Beta& beta, std::size_t point) {
  const double from = point == 0 ? 0 : (points[point - 1] + points[point]) / 2;
  const double to = point + 1 == points.size() ? 1 : (points[point] + points[point + 1]) / 2;
  constexpr int steps = 32;
  double sum = 0;
  for (int step = 0; step < steps; ++step) {
    sum += density(beta, from + (to - from) * (step + 0.5) / steps) * (to - from) / steps;
  }
  return sum;
}

std::vector<RatePair> both_learnt() {
  std::vector<RatePair> pairs;
  for (std::size_t failure = 0; failure < points.size(); ++failure) {
    for (std::size_t pass = 0; pass < points.size(); ++pass) {
      double weight = unrelated * mass(apart, failure) * mass(apart, pass);
      if (failure == pass) weight += equal * mass(alike, failure);
      if (failure == 0) weight += good_never_fails * mass(one_sided, pass);
      if (pass == 0) weight += bad_never_passes * mass(one_sided, failure);
      pairs.push_back({.false_failure = points[failure], .false_pass = points[pass], .weight = weight});
    }
  }
  return pairs;
}

void take_logs(std::vector<RatePair>& pairs) {
  double total = 0;
  for (const RatePair& pair : pairs) total += pair.weight;
  for (RatePair& pair : pairs) {
    pair.log_weight = std::log(pair.weight / total);
    pair.log_good_fails = std::log(pair.false_failure);
    pair.log_good_passes = std::log(1 - pair.false_failure);
    pair.log_bad_fails = std::log(1 - pair.false_pass);
    pair.log_bad_passes = std::log(pair.false_pass);
  }
}

}  // namespace

std::vector<RatePair> rate_grid(std::optional<double> false_failure, std::optional<double> false_pass) {
  std::vector<RatePair> pairs;
  if (!false_failure && !false_pass) {
    pairs = both_learnt();
  } else if (false_failure && false_pass) {
    pairs.push_back({.false_failure = *false_failure, .false_pass = *false_pass, .weight = 1});
  } else {
    for (std::size_t point = 0; point < points.size(); ++point) {
      pairs.push_back({.false_failure = false_failure.value_or(points[point]),
                       .false_pass = false_pass.value_or(points[point]),
                       .weight = mass(measured, point)});
    }
  }
  if (pairs.size() > 1) {
    std::erase_if(pairs,
                  [](const RatePair& pair) { return pair.false_failure + pair.false_pass > 1 - least_difference; });
  }
  take_logs(pairs);
  return pairs;
}

}  // namespace nmz::search
