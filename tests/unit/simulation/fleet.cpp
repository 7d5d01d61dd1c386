#include "fleet.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nmz::simulation {

using namespace std::chrono_literals;

Fleet::Fleet(const Conditions& conditions, Labours labours, std::uint64_t seed)
    : conditions_(conditions), labours_(std::move(labours)), random_(seed), agents_(conditions.workers) {
  for (std::uint32_t number = 0; number < conditions.workers; ++number) start(job::WorkerId{number}, Time{0});
  if (conditions.faults.all_die_at) timeline_.at(*conditions.faults.all_die_at, AllDie{});
  if (conditions.faults.interrupt_at) timeline_.at(*conditions.faults.interrupt_at, UserInterrupts{});
}

void Fleet::carry_out(const dispatch::Action& action, Time now) {
  std::visit([&](const auto& what) { carry_out_one(what, now); }, action);
}

std::vector<dispatch::Event> Fleet::happen(Time now) {
  arrived_.clear();
  while (timeline_.next() && *timeline_.next() <= now) {
    const auto [when, what] = timeline_.pop();
    std::visit([this, when = when](const auto& it) { happens(it, when); }, what);
  }
  return std::exchange(arrived_, {});
}

// ---- what the coordinator asks for

void Fleet::carry_out_one(const dispatch::Assign& assign, Time now) {
  const AgentName name = latest(assign.worker);
  if (!agent(name).alive) return;  // it died, and nobody knows yet
  if (agent(name).job != job::JobId{}) {
    agent(name).queue.push_back(assign);
  } else {
    begin(name, assign, now + random_.up_to(conditions_.message_delay));
  }
}

void Fleet::begin_next(const AgentName& name, Time now) {
  Agent& it = agent(name);
  if (!it.alive || it.queue.empty()) return;
  const dispatch::Assign next = it.queue.front();
  it.queue.pop_front();
  begin(name, next, now);
}

void Fleet::begin(const AgentName& name, const dispatch::Assign& assign, Time begin) {
  agent(name).job = assign.job;
  agent(name).port.reset();
  agent(name).disturbed = false;
  const Faults& faults = conditions_.faults;
  const auto drawn = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * random_.lognormal(conditions_.spread)));
  const Labour labour = labours_(assign);
  const std::chrono::nanoseconds took = labour.takes.value_or(drawn);
  if (random_.chance(faults.dies_before)) timeline_.at(begin, Dies{name});
  if (random_.chance(faults.dies_during)) timeline_.at(begin + random_.up_to(took), Dies{name});
  if (random_.chance(faults.falls_silent)) timeline_.at(begin + random_.up_to(took), FallsSilent{name});
  if (random_.chance(faults.starts_anew)) timeline_.at(begin + random_.up_to(took), StartsAnew{name, assign.job});
  const bool fails = random_.chance(faults.infrastructure);
  const job::Outcome outcome = fails ? no_verdict(random_) : labour.outcome;
  if (faults.takes_port > 0 && random_.chance(faults.takes_port)) {
    constexpr std::uint64_t ports = 3;
    timeline_.at(begin + random_.up_to(took), TakesPort{name, assign.job, random_.below(ports)});
  }
  timeline_.at(begin + took, JobEnds{name, assign.job, outcome, took, random_.chance(faults.dies_after)});
}

void Fleet::carry_out_one(const dispatch::Start& fresh, Time now) {
  agents_.resize(static_cast<std::size_t>(fresh.worker) + 1);
  start(fresh.worker, now);
}

void Fleet::carry_out_one(const dispatch::Cancel& cancel, Time now) {
  timeline_.at(now + random_.up_to(conditions_.cancel_delay),
               CancelArrives{latest(cancel.worker), cancel.job, cancel.only_if_waiting});
}

void Fleet::carry_out_one(const dispatch::Retire& retire, Time /*now*/) {
  Agent& it = agent(latest(retire.worker));
  it.alive = false;  // no end of its stream is told
  it.retired = true;
}

void Fleet::carry_out_one(const dispatch::Restart& restart, Time now) { start(restart.worker, now); }

void Fleet::carry_out_one(const dispatch::Stop& /*stop*/, Time /*now*/) { stopped_ = true; }

// ---- what happens

void Fleet::start(job::WorkerId worker, Time now) {
  std::vector<Agent>& agents = agents_.at(static_cast<std::size_t>(worker));
  agents.emplace_back();
  const AgentName name{worker, agents.size() - 1};
  const Time up = now + random_.up_to(conditions_.start_delay);
  if (doomed_ || random_.chance(conditions_.faults.start_fails)) {
    timeline_.at(up, FailsToStart{name});
  } else {
    timeline_.at(up, Starts{name});
  }
}

void Fleet::happens(const Starts& what, Time when) {
  if (agent(what.agent).retired) return;
  if (doomed_) return happens(FailsToStart{what.agent}, when);
  agent(what.agent).alive = true;
  send(what.agent, dispatch::WorkerReady{what.agent.worker}, when);
  if (conditions_.heartbeat > 0ns) timeline_.at(when + conditions_.heartbeat, Beats{what.agent});
}

void Fleet::happens(const FailsToStart& what, Time when) {
  if (agent(what.agent).retired) return;
  const bool for_good = random_.chance(conditions_.faults.for_good);
  send(what.agent, dispatch::WorkerLost{what.agent.worker, "it did not start", for_good}, when);
}

void Fleet::happens(const Beats& what, Time when) {
  if (stopped_ || replaced(what.agent) || !agent(what.agent).alive) return;
  send(what.agent, dispatch::WorkerAlive{what.agent.worker}, when);
  timeline_.at(when + conditions_.heartbeat, Beats{what.agent});
}

void Fleet::happens(const Dies& what, Time when) {
  Agent& it = agent(what.agent);
  if (!std::exchange(it.alive, false)) return;
  it.job = {};
  it.queue.clear();
  // A machine that loses its power closes no stream.
  if (random_.chance(conditions_.faults.unnoticed)) return;
  send(what.agent, dispatch::WorkerLost{what.agent.worker, "its stream ended"}, when);
}

void Fleet::happens(const StartsAnew& what, Time when) {
  Agent& it = agent(what.agent);
  if (!it.alive || it.job != what.job) return;
  it.job = {};
  it.queue.clear();
  send(what.agent, dispatch::WorkerReady{what.agent.worker}, when);
}

void Fleet::happens(const FallsSilent& what, Time when) {
  agent(what.agent).silent_until = when + conditions_.options.lease + random_.up_to(conditions_.options.lease);
}

void Fleet::happens(const JobEnds& what, Time when) {
  Agent& it = agent(what.agent);
  if (!it.alive || it.job != what.job) return;
  it.job = {};
  dispatch::JobEnded ended{what.agent.worker, what.job, what.outcome, what.took};
  const bool a_verdict =
      ended.outcome.kind == job::OutcomeKind::exited && ended.outcome.code < 2 && !ended.outcome.disk_full;
  if (it.disturbed && a_verdict) ended.outcome.code = 1 - ended.outcome.code;
  send(what.agent, ended, when);
  if (random_.chance(conditions_.faults.said_twice)) send(what.agent, ended, when + random_.up_to(3s));
  if (random_.chance(conditions_.faults.stray)) send_stray(what.agent, what.job, when + random_.up_to(3s));
  if (what.then_dies) happens(Dies{what.agent}, when);
  begin_next(what.agent, when);
}

/// An agent tells first, and lets its job go on when that has been heard.
void Fleet::happens(const TakesPort& what, Time when) {
  if (!runs(what.agent, what.job)) return;
  if (conditions_.faults.unseen > 0 && random_.chance(conditions_.faults.unseen)) return happens(HasPort{what}, when);
  const dispatch::Took took{what.agent.worker, what.job, {"port", what.port}};
  const Time heard = arrival(what.agent, when);
  timeline_.at(heard, Arrives{what.agent, took});
  timeline_.at(heard, HasPort{what});
}

void Fleet::happens(const HasPort& what, Time /*when*/) {
  if (!runs(what.what.agent, what.what.job)) return;
  Agent& it = agent(what.what.agent);
  it.port = what.what.port;
  for (std::uint32_t number = 0; number < agents_.size(); ++number) {
    Agent& other = agent(latest(job::WorkerId{number}));
    const bool meets = &other != &it && other.alive && other.job != job::JobId{} && other.port == it.port;
    if (meets) it.disturbed = other.disturbed = true;
  }
}

void Fleet::happens(const CancelArrives& what, Time when) {
  Agent& it = agent(what.agent);
  if (!it.alive) return;
  const auto waits = std::ranges::find(it.queue, what.job, &dispatch::Assign::job);
  const bool runs = it.job == what.job;
  if (waits != it.queue.end()) {
    it.queue.erase(waits);
  } else if (!runs || what.only_if_waiting) {
    return;
  }
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::cancelled;
  send(what.agent, dispatch::JobEnded{what.agent.worker, what.job, outcome, {}}, when);
  if (!runs) return;
  it.job = {};
  begin_next(what.agent, when);
}

void Fleet::happens(const Arrives& what, Time /*when*/) {
  if (agent(what.agent).retired) return;
  if (replaced(what.agent) && !std::holds_alternative<dispatch::JobEnded>(what.event)) return;
  arrived_.push_back(what.event);
}

void Fleet::happens(const AllDie& /*what*/, Time when) {
  doomed_ = true;
  for (std::uint32_t number = 0; number < agents_.size(); ++number) {
    happens(Dies{latest(job::WorkerId{number})}, when);
  }
}

void Fleet::happens(const UserInterrupts& /*what*/, Time /*when*/) { arrived_.emplace_back(dispatch::Interrupted{}); }

// ---- messages

void Fleet::send(const AgentName& from, dispatch::Event event, Time now) {
  timeline_.at(arrival(from, now), Arrives{from, std::move(event)});
}

Time Fleet::arrival(const AgentName& from, Time now) {
  Agent& it = agent(from);
  const Time in_order = std::max(now, it.silent_until) + random_.up_to(conditions_.message_delay);
  if (random_.chance(conditions_.faults.overtaken)) return in_order + random_.up_to(3s);
  it.last_arrival = std::max(in_order, it.last_arrival);
  return it.last_arrival;
}

/// About an older job, or one that never was; with an outcome that would spoil the result if it were believed.
void Fleet::send_stray(const AgentName& from, job::JobId after, Time now) {
  const auto number = static_cast<std::uint64_t>(after);
  // With jobs that wait, an older one may still be one of the worker's: its own end was overtaken by this one.
  const std::uint64_t older = conditions_.options.ahead > 0 ? 0 : random_.below(number);
  const std::array<std::uint64_t, 3> candidates{older, number + 1'000'000, 0};
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::exited;
  outcome.code = 99;
  send(from, dispatch::JobEnded{from.worker, job::JobId{candidates.at(random_.below(3))}, outcome, {}}, now);
}

bool Fleet::runs(const AgentName& name, job::JobId job) {
  return !replaced(name) && agent(name).alive && agent(name).job == job;
}

bool Fleet::replaced(const AgentName& agent) const {
  return agent.start + 1 < agents_.at(static_cast<std::size_t>(agent.worker)).size();
}

Fleet::AgentName Fleet::latest(job::WorkerId worker) const {
  return {worker, agents_.at(static_cast<std::size_t>(worker)).size() - 1};
}

Fleet::Agent& Fleet::agent(const AgentName& name) {
  return agents_.at(static_cast<std::size_t>(name.worker)).at(name.start);
}

}  // namespace nmz::simulation
