#include "simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <optional>

#include "fleet.hpp"
#include "session_fleet.hpp"
#include "user.hpp"

namespace nmz::simulation {
namespace {

/// FNV-1a over whole words: any difference between two runs has to show, nobody has to be kept from forging one.
class TraceHash {
 public:
  void add(const dispatch::Step& step, Time now) {
    for (const dispatch::Action& action : step.actions) {
      words({static_cast<std::uint64_t>(now.count()), action.index()});
      std::visit([this](const auto& it) { add(it); }, action);
    }
    for (const dispatch::Report& report : step.reports) {
      words({static_cast<std::uint64_t>(now.count()), 100 + report.index()});
      std::visit([this](const auto& it) { add(it); }, report);
    }
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  template <typename Id>
  static std::uint64_t word(Id id) {
    return static_cast<std::uint64_t>(id);
  }
  void add(const dispatch::Assign& it) { words({word(it.worker), word(it.job), it.subject, it.attempt}); }
  void add(const dispatch::Cancel& it) { words({word(it.worker), word(it.job), word(it.only_if_waiting)}); }
  void add(const dispatch::Start& it) { words({word(it.worker)}); }
  void add(const dispatch::Restart& it) { words({word(it.worker)}); }
  void add(const dispatch::Retire& it) { words({word(it.worker)}); }
  void add(const dispatch::Stop& it) { words({word(it.why)}); }
  void add(const dispatch::Ended& it) {
    words({word(it.fate), word(it.worker), word(it.job), it.subject, it.attempt, word(it.outcome.kind),
           word(it.outcome.code), word(it.took.count())});
  }
  void add(const dispatch::Collided& it) { words({it.subject, it.other, it.what.place}); }
  void add(const dispatch::GivenUp& it) { words({word(it.worker), word(it.restarting)}); }

  void add(const dispatch::Skipped& it) { words({it.subject, word(it.outcome.kind)}); }
  void add(const dispatch::RunsAgain& it) { words({it.item, it.subject}); }
  void add(const dispatch::Resized& it) { words({it.workers, it.leaving}); }

  void words(std::initializer_list<std::uint64_t> list) {
    for (const std::uint64_t one : list) hash_ = (hash_ ^ one) * 0x100000001b3U;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

/// The coordinator sleeps for an hour when its time has come; what happens meanwhile it learns all at once.
Time awake(const Conditions& conditions, Time next) {
  const auto from = conditions.faults.suspended_at;
  if (!from || next < *from) return next;
  return std::max(next, *from + std::chrono::hours{1});
}

std::unique_ptr<Workers> workers_of(const Conditions& conditions, const Labours& labours, std::uint64_t seed) {
  std::unique_ptr<Workers> fleet;
  if (conditions.speaks) {
    fleet = std::make_unique<SessionFleet>(conditions, labours, seed);
  } else {
    fleet = std::make_unique<Fleet>(conditions, labours, seed);
  }
  if (conditions.wishes == 0) return fleet;
  return std::make_unique<UserBeside>(std::move(fleet), conditions, seed);
}

}  // namespace

RunSummary simulate(dispatch::Plan& plan, const Truth& truth, const Conditions& conditions, std::uint64_t seed,
                    const Witness& witness) {
  const Labours tests = [&truth](const dispatch::Assign& job) {
    Labour labour;
    labour.outcome = truth(job.subject);
    return labour;
  };
  return simulate(plan, tests, conditions, seed, witness);
}

RunSummary simulate(dispatch::Plan& plan, const Labours& labours, const Conditions& conditions, std::uint64_t seed,
                    const Witness& witness) {
  const std::unique_ptr<Workers> workers = workers_of(conditions, labours, seed);
  Referee referee(plan, conditions);
  dispatch::Dispatcher dispatcher(referee.plan(), conditions.workers, conditions.options);
  TraceHash trace;
  RunSummary run;
  for (std::optional<Time> now = Time{0}; now;) {
    const std::vector<dispatch::Event> events = workers->happen(*now);
    const dispatch::Step step = dispatcher.step(events, *now);
    if (witness) witness(events, step, *now);
    referee.judge(events, step, *now);
    trace.add(step, *now);
    for (const dispatch::Action& action : step.actions) {
      workers->carry_out(action, *now);
      if (const auto* stop = std::get_if<dispatch::Stop>(&action)) {
        run.why = stop->why;
        run.stopped_at = *now;
      }
    }
    const std::optional<Time> next = workers->next();
    const std::optional<Time> deadline = dispatcher.deadline();
    if (deadline && *deadline <= *now) throw RuleBroken("the dispatcher wants to be woken in the past");
    now = next && deadline ? std::min(*next, *deadline) : (next ? next : deadline);
    if (now) now = awake(conditions, *now);
    if (now > conditions.limit) throw RuleBroken("the run does not end");
  }
  if (!dispatcher.stopped()) throw RuleBroken("nothing can happen any more and the run has not ended");
  run.trace_hash = trace.value();
  run.tally = referee.tally();
  run.refused = workers->refused();
  return run;
}

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* only = std::getenv("NMZ_SIM_SEED")) return {std::stoull(only)};  // NOLINT(concurrency-mt-unsafe)
  std::vector<std::uint64_t> list(count);
  std::iota(list.begin(), list.end(), 1U);
  return list;
}

}  // namespace nmz::simulation
