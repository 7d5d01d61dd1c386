#include "suite.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace nmz::simulation {
namespace {

std::chrono::nanoseconds times(std::chrono::nanoseconds duration, double factor) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(duration.count()) * factor));
}

}  // namespace

Suite generate(const SuiteShape& shape, Random& random) {
  Suite suite;
  for (std::size_t i = 0; i < shape.tests; ++i) {
    const auto lasts = times(shape.mean, random.lognormal(shape.spread));
    suite.durations.push_back(lasts);
    const double off_by = 1 + shape.error * (2 * random.uniform() - 1);
    suite.expected.emplace_back(times(lasts, off_by));
    if (random.chance(shape.unknown)) suite.expected.back().reset();
    job::Outcome outcome;
    outcome.kind = job::OutcomeKind::exited;
    outcome.code = random.chance(shape.failing) ? 1 : 0;
    suite.outcomes.push_back(outcome);
  }
  return suite;
}

Suite recorded(Random& random) {
  constexpr std::array seconds{29.50, 64.41, 8.17, 26.45, 26.32, 12.31, 178.29, 15.42, 13.12, 10.01, 10.18, 9.33, 8.12,
                               9.76,  5.50,  6.11, 5.53,  2.57,  6.02,  6.05,   7.15,  4.31,  4.12,  2.17,  3.53, 2.08,
                               3.39,  3.12,  1.86, 1.04,  1.40,  0.51,  1.99,   0.54,  0.87,  0.62,  0.26,  0.56, 0.19,
                               0.22,  0.02,  0.06, 0.01,  0.00,  0.01,  0.01,   0.01,  0.00,  0.00,  0.17,  22.98};
  constexpr double error = 0.25;
  Suite suite;
  for (const double lasts : seconds) {
    suite.durations.push_back(times(std::chrono::seconds{1}, lasts));
    suite.expected.emplace_back(times(suite.durations.back(), 1 + error * (2 * random.uniform() - 1)));
    suite.outcomes.emplace_back().kind = job::OutcomeKind::exited;
  }
  return suite;
}

std::chrono::nanoseconds static_longest_first(const Suite& suite, std::size_t workers,
                                              std::chrono::nanoseconds dispatch_cost) {
  std::vector<std::size_t> order(suite.durations.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](auto a, auto b) { return suite.expected[a] > suite.expected[b]; });
  std::vector<std::chrono::nanoseconds> expected(workers);
  std::vector<std::chrono::nanoseconds> real(workers);
  for (const std::size_t test : order) {
    const auto to = static_cast<std::size_t>(std::ranges::min_element(expected) - expected.begin());
    expected[to] += *suite.expected[test];
    real[to] += suite.durations[test] + dispatch_cost;
  }
  return std::ranges::max(real);
}

Labour execution(const Suite& suite, std::span<const schedule::Workload> workloads) {
  Labour labour;
  labour.outcome.kind = job::OutcomeKind::exited;
  std::chrono::nanoseconds takes{0};
  for (const schedule::Workload workload : workloads) {
    takes += suite.durations.at(workload);
    labour.outcome.code = std::max(labour.outcome.code, suite.outcomes.at(workload).code);
  }
  labour.takes = takes;
  return labour;
}

}  // namespace nmz::simulation
