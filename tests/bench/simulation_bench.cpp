// How long does a search take when tests last differently long, and what does the dispatcher itself cost?
//
//     simulation_bench [RUNS]      (default 500 runs for each figure)
//     simulation_bench --seeds A..B | --minutes N | both
//
// The first table is in mean test times, over random first bad commits on a line of 1000 with 8 workers; durations are
// lognormal with mean 1 and the given spread. Agents, trees and the network are left out: this is what the order of
// tests alone is worth. Nothing there fails; the figures to reach are in the design.
//
// With --seeds or --minutes it looks for what is wrong instead: see soak.hpp.
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "nmz/search/bisect_plan.hpp"

#include "batch_list_plan.hpp"
#include "simulation.hpp"
#include "soak.hpp"

namespace {

using namespace nmz;
using simulation::Random;

constexpr std::size_t candidates = 1000;
constexpr std::uint32_t eight = 8;

struct Way {
  std::string name;
  std::uint32_t workers = 1;
  search::Strategy strategy = search::Strategy::adaptive;
  bool trust_ends = false;
};

search::CommitGraph line_of_commits() {
  search::CommitGraph line;
  line.add(search::Role::good_end, {});
  for (search::Node parent = 0; parent < candidates; ++parent) line.add(search::Role::candidate, {{parent}});
  return line;
}

double one_finish(const search::CommitGraph& line, const Way& way, double spread, std::uint64_t seed) {
  const auto culprit = static_cast<search::Node>(Random(seed).between(1, candidates));
  search::BisectOptions options;
  options.strategy = way.strategy;
  options.workers = way.workers;
  options.search.trust_ends = way.trust_ends;
  search::BisectPlan plan(line, {}, options);
  const simulation::Truth truth = [culprit](dispatch::Subject subject) {
    job::Outcome outcome;
    outcome.kind = job::OutcomeKind::exited;
    outcome.code = subject >= culprit ? 1 : 0;
    return outcome;
  };
  simulation::Conditions conditions = simulation::perfect_world(way.workers, spread);
  conditions.options.gather = std::chrono::milliseconds{50};  // as nmzbisect has it
  const auto run = simulation::simulate(plan, truth, conditions, seed);
  return std::chrono::duration<double>(run.stopped_at).count();
}

void print_finish_times(std::uint64_t runs) {
  const search::CommitGraph line = line_of_commits();
  std::cout << fmt::format("mean finish in mean test times, n={}, k={}, {} runs, +- one standard error\n", candidates,
                           eight, runs);
  constexpr std::array spreads{0.0, 0.3, 0.6, 1.0};
  constexpr std::array targets{3.6, 3.4, 3.1, 2.75};
  for (const bool trust_ends : {true, false}) {
    std::cout << fmt::format("{:<28}", trust_ends ? "ends trusted" : "ends tested too");
    for (const double spread : spreads) std::cout << fmt::format("  spread {:<8.1f}", spread);
    std::cout << '\n';
    for (const Way& way : {Way{"  serial", 1, search::Strategy::adaptive, trust_ends},
                           Way{"  strict rounds", eight, search::Strategy::rounds, trust_ends},
                           Way{"  refill + cancel", eight, search::Strategy::adaptive, trust_ends}}) {
      std::cout << fmt::format("{:<28}", way.name) << std::flush;
      for (const double spread : spreads) {
        double sum = 0;
        double squares = 0;
        for (std::uint64_t seed = 1; seed <= runs; ++seed) {
          const double finish = one_finish(line, way, spread, seed);
          sum += finish;
          squares += finish * finish;
        }
        const auto count = static_cast<double>(runs);
        const double mean = sum / count;
        std::cout << fmt::format("  {:<5.2f} +- {:<6.2f}", mean, std::sqrt((squares / count - mean * mean) / count))
                  << std::flush;
      }
      std::cout << '\n';
    }
  }
  std::cout << fmt::format("{:<28}", "  to reach");
  for (const double target : targets) std::cout << fmt::format("  {:<15.2f}", target);
  std::cout << "\n\n";
}

/// Everybody is told one by one, as a coordinator would be: the worst case for the dispatcher.
void print_dispatcher_cost() {
  constexpr std::uint32_t subjects = 100'000;
  constexpr std::uint32_t workers = 1000;
  simulation::BatchListPlanForTests plan(subjects, 0, 1);
  dispatch::Dispatcher dispatcher(plan, workers);
  std::vector<dispatch::Assign> running(workers);
  dispatch::Time now{0};
  std::uint64_t steps = 0;
  const auto tell = [&](const dispatch::Event& event) {
    ++steps;
    now += std::chrono::microseconds{10};
    for (const dispatch::Action& action : dispatcher.step({&event, 1}, now).actions) {
      const auto* assign = std::get_if<dispatch::Assign>(&action);
      if (assign != nullptr) running.at(static_cast<std::size_t>(assign->worker)) = *assign;
    }
  };
  job::Outcome passed;
  passed.kind = job::OutcomeKind::exited;
  Random random(1);
  const auto start = std::chrono::steady_clock::now();
  for (std::uint32_t worker = 0; worker < workers; ++worker) tell(dispatch::WorkerReady{job::WorkerId{worker}});
  while (!dispatcher.stopped()) {
    const dispatch::Assign& ended = running.at(random.below(workers));
    if (ended.job != job::JobId{}) {
      tell(dispatch::JobEnded{
          ended.worker, std::exchange(running.at(static_cast<std::size_t>(ended.worker)).job, {}), passed, {}});
    }
    tell(dispatch::WorkerAlive{job::WorkerId{static_cast<std::uint32_t>(random.below(workers))}});
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  std::cout << fmt::format(
      "dispatcher: {} subjects on {} workers, a heartbeat beside each end: {:.2f} us a subject, "
      "{:.2f} us a step\n",
      subjects, workers, took.count() / subjects, took.count() / static_cast<double>(steps));
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::uint64_t default_runs = 500;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (!arguments.empty() && arguments.front().starts_with("--")) return nmz::bench::soak(arguments, std::cout);
    print_dispatcher_cost();
    print_finish_times(arguments.empty() ? default_runs : std::stoull(arguments.front()));
  } catch (const std::exception& wrong) {
    std::cerr << "simulation_bench: " << wrong.what() << '\n'
              << "usage: simulation_bench [RUNS] | [--seeds A..B] [--minutes N]\n";
    return 2;
  }
  return 0;
}
