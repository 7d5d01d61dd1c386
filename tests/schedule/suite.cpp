#include "suite.hpp"

#include <algorithm>

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
    wire::Outcome outcome;
    outcome.kind = wire::OutcomeKind::exited;
    outcome.code = random.chance(shape.failing) ? 1 : 0;
    suite.outcomes.push_back(outcome);
  }
  return suite;
}

Labour execution(const Suite& suite, std::span<const schedule::Workload> workloads) {
  Labour labour;
  labour.outcome.kind = wire::OutcomeKind::exited;
  std::chrono::nanoseconds takes{0};
  for (const schedule::Workload workload : workloads) {
    takes += suite.durations.at(workload);
    labour.outcome.code = std::max(labour.outcome.code, suite.outcomes.at(workload).code);
  }
  labour.takes = takes;
  return labour;
}

}  // namespace nmz::simulation
