// What is the order of tests worth, and what does it cost the coordinator?
//
//     schedule_bench [SUITES]      (default 200)
//
// The first table is makespan divided by max(total / workers, longest), which no schedule can beat, over generated
// suites: 1618 tests on 30 workers, lognormal with sigma 1.5 and a median of one second (so 3.08 s on average),
// expectations up to 25 % too long or too short. The runs are whole ones of the real dispatcher in virtual time. A
// dispatch costs messages: up to 0.6 s there and up to 0.6 s back, 0.6 s on average.
// Nothing here fails; the figures to reach stand beside the table.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/schedule/batch_plan.hpp"

#include "random.hpp"
#include "simulation.hpp"
#include "suite.hpp"

namespace {

using namespace nmz;
using namespace std::chrono_literals;
using schedule::BatchOptions;
using schedule::BatchPlan;
using schedule::Expectation;
using simulation::Random;
using simulation::Suite;
using std::chrono::nanoseconds;

constexpr std::size_t tests = 1618;
constexpr std::uint32_t workers = 30;
constexpr double spread = 1.5;

job::Outcome passed() {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::exited;
  return outcome;
}

Suite suite_of(std::uint64_t seed) {
  simulation::SuiteShape shape;
  shape.tests = tests;
  shape.spread = spread;
  shape.mean = nanoseconds(static_cast<std::int64_t>(1e9 * std::exp(spread * spread / 2)));
  Random random(seed);
  return simulation::generate(shape, random);
}

struct World {
  nanoseconds messages{0};  ///< each takes up to this
  std::uint32_t ahead = 0;
};

nanoseconds makespan(BatchPlan& plan, const Suite& suite, const World& world, std::uint64_t seed) {
  simulation::Conditions conditions = simulation::perfect_world(workers, 0);
  conditions.message_delay = world.messages;
  conditions.cancel_delay = world.messages;
  conditions.options.ahead = world.ahead;
  const simulation::Labours labours = [&](const dispatch::Assign& job) {
    return simulation::execution(suite, plan.workloads(job.subject));
  };
  return simulation::simulate(plan, labours, conditions, seed).stopped_at;
}

struct Way {
  std::string name;
  std::function<nanoseconds(const Suite&, nanoseconds messages, std::uint64_t seed)> run;
  std::string to_reach;
};

constexpr std::uint32_t plenty = 100;

/// `unknown`: of the suite's tests.
Way planned(std::string name, double unknown, double unknown_as, std::string to_reach, std::uint32_t ahead = plenty) {
  const auto run = [=](const Suite& suite, nanoseconds messages, std::uint64_t seed) {
    BatchOptions options;
    options.workers = workers;
    options.unknown_as = unknown_as;
    std::vector<Expectation> expected = suite.expected;
    Random random(seed);
    for (Expectation& one : expected) {
      if (random.chance(unknown)) one.reset();
    }
    BatchPlan plan(std::move(expected), options);
    return makespan(plan, suite, {messages, ahead}, seed);
  };
  return {std::move(name), run, std::move(to_reach)};
}

Way without_history(std::string name, schedule::Grouping grouping) {
  const auto run = [grouping](const Suite& suite, nanoseconds messages, std::uint64_t seed) {
    BatchOptions options;
    options.grouping = grouping;
    options.workers = workers;
    options.shuffle = true;
    options.seed = seed;
    BatchPlan plan(std::vector<Expectation>(suite.durations.size()), options);
    return makespan(plan, suite, {messages, 0}, seed);
  };
  return {std::move(name), run, ""};
}

std::vector<Way> ways() {
  std::vector<Way> all;
  all.push_back(without_history("shuffled chunks (published)", schedule::Grouping::chunks));
  all.push_back(without_history("one by one at random", schedule::Grouping::singly));
  all.push_back({"longest first, in advance",
                 [](const Suite& suite, nanoseconds messages, std::uint64_t) {
                   return simulation::static_longest_first(suite, workers, messages);
                 },
                 ""});
  all.push_back(planned("longest first, one by one", 0, 0.5, "", 0));
  all.push_back(planned("longest first, jobs wait", 0, 0.5, "1.03 / 1.12"));
  all.push_back(planned("  10 % unknown", 0.1, 0.5, ""));
  all.push_back(planned("  50 % unknown", 0.5, 0.5, ""));
  all.push_back(planned("  50 %, as 95th percentile", 0.5, 0.95, ""));
  all.push_back(planned("  no history", 1, 0.5, "1.40"));
  return all;
}

void print_makespans(std::uint64_t suites) {
  std::cout << fmt::format("makespan / lower bound, {} tests on {} workers, {} suites, +- one standard error\n", tests,
                           workers, suites);
  std::cout << fmt::format("{:<30}{:>10}{:>20}{:>18}\n", "a dispatch takes", "0 s", "0.6 s", "to reach");
  for (const Way& way : ways()) {
    std::cout << fmt::format("{:<30}", way.name);
    for (const nanoseconds messages : {nanoseconds(0s), nanoseconds(600ms)}) {
      double sum = 0;
      double squares = 0;
      for (std::uint64_t seed = 1; seed <= suites; ++seed) {
        const Suite suite = suite_of(seed);
        const std::chrono::duration<double> took = way.run(suite, messages, seed);
        const double ratio = took / schedule::lower_bound(suite.durations, workers);
        sum += ratio;
        squares += ratio * ratio;
      }
      const auto count = static_cast<double>(suites);
      const double mean = sum / count;
      const double error = std::sqrt(std::max(0.0, squares / count - mean * mean) / count);
      std::cout << fmt::format("  {:>8.3f} +- {:<6.3f}", mean, error) << std::flush;
    }
    std::cout << fmt::format("{:>14}\n", way.to_reach);
  }
}

/// A dispatcher and its plan on a thousand workers, each event told in a step of its own, a heartbeat beside each end:
/// the worst case for both.
class Coordinator {
 public:
  explicit Coordinator(std::uint32_t ahead)
      : plan_(expected(), batch_options()), dispatcher_(plan_, crowd, options(ahead)) {
    for (std::uint32_t id = 0; id < crowd; ++id) tell(dispatch::WorkerReady{job::WorkerId{id}});
    while (!dispatcher_.stopped()) {
      end(static_cast<std::uint32_t>(random_.below(crowd)));
      tell(dispatch::WorkerAlive{job::WorkerId{static_cast<std::uint32_t>(random_.below(crowd))}});
    }
  }
  static constexpr std::size_t workloads = 100'000;
  [[nodiscard]] std::size_t done() const { return plan_.done(); }
  [[nodiscard]] std::size_t jobs() const { return jobs_; }

 private:
  static constexpr std::uint32_t crowd = 1000;

  static std::vector<Expectation> expected() {
    Random random(1);
    std::vector<Expectation> list(workloads);
    for (Expectation& one : list) one = nanoseconds(static_cast<std::int64_t>(1e9 * random.lognormal(spread)));
    return list;
  }
  static BatchOptions batch_options() {
    BatchOptions options;
    options.workers = crowd;
    return options;
  }
  static dispatch::Options options(std::uint32_t ahead) {
    dispatch::Options options;
    options.ahead = ahead;
    return options;
  }

  void tell(const dispatch::Event& event) {
    now_ += std::chrono::microseconds{10};
    for (const dispatch::Action& action : dispatcher_.step({&event, 1}, now_).actions) {
      const auto* assign = std::get_if<dispatch::Assign>(&action);
      if (assign == nullptr) continue;
      running_.at(static_cast<std::size_t>(assign->worker)).push_back(*assign);
      ++jobs_;
    }
  }

  void end(std::uint32_t worker) {
    std::deque<dispatch::Assign>& jobs = running_.at(worker);
    if (jobs.empty()) return;
    const dispatch::Assign job = jobs.front();
    jobs.pop_front();
    tell(dispatch::JobEnded{job.worker, job.job, passed(), std::chrono::milliseconds{5}});
  }

  BatchPlan plan_;
  dispatch::Dispatcher dispatcher_;
  std::vector<std::deque<dispatch::Assign>> running_ = std::vector<std::deque<dispatch::Assign>>(crowd);
  Random random_{1};
  dispatch::Time now_{0};
  std::size_t jobs_ = 0;
};

void print_cost() {
  for (const std::uint32_t ahead : {0U, plenty}) {
    const auto start = std::chrono::steady_clock::now();
    const Coordinator run(ahead);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::cout << fmt::format(
        "coordinator: {} workloads on 1000 workers, {} jobs with up to {} that wait: {:.2f} s, {:.2f} us a workload, "
        "peak {} MB "
        "(to reach: 10 s, 100 us, 500 MB)\n",
        run.done(), run.jobs(), ahead, took.count(), took.count() * 1e6 / Coordinator::workloads,
        usage.ru_maxrss / 1024);
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::uint64_t default_suites = 200;
  print_cost();
  print_makespans(argc > 1 ? std::stoull(argv[1]) : default_suites);
  return 0;
}
