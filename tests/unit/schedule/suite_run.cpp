#include "suite_run.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace nmz::simulation {

using schedule::BatchOptions;
using schedule::Grouping;
using schedule::Workload;

namespace {

void demand(bool kept, const std::string& rule) {
  if (!kept) throw RuleBroken(rule);
}

bool is_verdict(const job::Outcome& outcome) { return outcome.kind == job::OutcomeKind::exited && !outcome.disk_full; }

}  // namespace

SuiteRun::SuiteRun(Suite suite, const BatchOptions& options, const Conditions& conditions, std::uint64_t seed,
                   const Witness& witness)
    : suite_(std::move(suite)), options_(options), plan_(suite_.expected, options) {
  const Labours labours = [this](const dispatch::Assign& job) { return begin(job); };
  run_ = simulate(plan_, labours, conditions, seed, witness);
}

bool SuiteRun::stopped_by_failures() const {
  return options_.failures_to_stop > 0 && plan_.failures() >= options_.failures_to_stop;
}

void SuiteRun::demand_right_results() const {
  std::size_t done = 0;
  std::size_t failures = 0;
  for (Workload workload = 0; workload < plan_.size(); ++workload) {
    const auto& outcome = plan_.outcome(workload);
    if (!outcome) continue;
    ++done;
    if (job::withdrawn(*outcome)) continue;
    failures += *outcome == suite_.outcomes[workload] && outcome->code == 0 ? 0U : 1U;
    if (options_.grouping == Grouping::chunks) continue;
    demand(!is_verdict(*outcome) || *outcome == suite_.outcomes[workload],
           fmt::format("workload {} has a wrong result", workload));
  }
  demand(plan_.done() == done, "the plan counts its results wrongly");
  demand(options_.grouping == Grouping::chunks || plan_.failures() == failures, "the plan counts its failures wrongly");
  if (run_.why != dispatch::Stop::Why::finished) return;
  demand(plan_.finished(), "the run is finished and the plan is not");
  demand(done == plan_.size() || stopped_by_failures(), "a workload has no result");
}

Labour SuiteRun::begin(const dispatch::Assign& job) {
  const Labour labour = execution(suite_, plan_.workloads(job.subject));
  longest_ = std::max(longest_, *labour.takes);
  return labour;
}

SuiteShape random_shape(Random& random) {
  SuiteShape shape;
  shape.tests = random.below(80);
  shape.spread = random.uniform() * 1.5;
  shape.unknown = random.chance(0.5) ? 0 : random.uniform();
  shape.failing = random.chance(0.5) ? 0 : random.uniform() * 0.3;
  return shape;
}

BatchOptions random_options(Random& random, const Conditions& conditions) {
  BatchOptions options;
  options.grouping = random.chance(0.2) ? Grouping::chunks : Grouping::singly;
  options.workers = conditions.workers;
  options.chunks = random.below(20);
  options.shuffle = random.chance(0.5);
  options.seed = random.bits();
  options.failures_to_stop = random.chance(0.3) ? random.between(1, 4) : 0;
  return options;
}

SuiteRun run_suite(std::uint64_t seed, const Witness& witness) {
  Random random(seed);
  const Conditions conditions = hostile_world(random);
  const BatchOptions options = random_options(random, conditions);
  Suite suite = generate(random_shape(random), random);
  return SuiteRun(std::move(suite), options, conditions, seed, witness);
}

}  // namespace nmz::simulation
