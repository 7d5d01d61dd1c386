#include "session_fleet.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "referee.hpp"

namespace nmz::simulation {

using namespace std::chrono_literals;

namespace {

void demand(bool kept, const std::string& rule) {
  if (!kept) throw RuleBroken(rule);
}

constexpr auto start_limit = 20s;

bool is_short_line(const std::string& text) {
  constexpr std::size_t longest = 300;
  return !text.empty() && text.size() <= longest && text.find('\n') == std::string::npos;
}

job::Outcome cancelled() {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::cancelled;
  return outcome;
}

}  // namespace

SessionFleet::SessionFleet(const Conditions& conditions, Labours labours, std::uint64_t seed)
    : conditions_(conditions), has_trees_(false), labours_(std::move(labours)), random_(seed) {
  has_trees_ = conditions.options.ahead == 0 && random_.chance(0.7);
  agents_.resize(conditions.workers);
  for (std::uint32_t number = 0; number < conditions.workers; ++number) start(job::WorkerId{number}, Time{0});
  if (conditions.faults.all_die_at) timeline_.at(*conditions.faults.all_die_at, AllDie{});
  if (conditions.faults.interrupt_at) timeline_.at(*conditions.faults.interrupt_at, UserInterrupts{});
}

void SessionFleet::carry_out(const dispatch::Action& action, Time now) {
  std::visit([&](const auto& what) { carry_out_one(what, now); }, action);
}

std::vector<dispatch::Event> SessionFleet::happen(Time now) {
  while (timeline_.next() && *timeline_.next() <= now) {
    const auto [when, what] = timeline_.pop();
    std::visit([this, when = when](const auto& it) { happens(it, when); }, what);
  }
  return std::exchange(told_, {});
}

// ---- what the dispatcher asks for

void SessionFleet::carry_out_one(const dispatch::Assign& assign, Time now) {
  assigned_[assign.job] = assign;
  const AgentPtr& agent = latest(assign.worker);
  agent->session.assign(assign);
  take_from_session(agent, conditions_.message_delay, now);
}

void SessionFleet::carry_out_one(const dispatch::Start& fresh, Time now) {
  agents_.resize(static_cast<std::size_t>(fresh.worker) + 1);
  start(fresh.worker, now);
}

void SessionFleet::carry_out_one(const dispatch::Cancel& cancel, Time now) {
  const AgentPtr& agent = latest(cancel.worker);
  agent->session.cancel(cancel);
  take_from_session(agent, conditions_.cancel_delay, now);
}

void SessionFleet::carry_out_one(const dispatch::Retire& retire, Time now) {
  const AgentPtr& agent = latest(retire.worker);
  agent->retired = true;
  agent->session.shut_down();
  take_from_session(agent, conditions_.message_delay, now);
}

void SessionFleet::carry_out_one(const dispatch::Stop& /*stop*/, Time now) {
  stopped_ = true;
  for (const AgentPtr& agent : agents_) {
    agent->session.shut_down();
    take_from_session(agent, conditions_.message_delay, now);
  }
}

// ---- the coordinator's end

void SessionFleet::start(job::WorkerId worker, Time now) {
  AgentPtr& slot = latest(worker);
  if (slot) {
    slot->is_heard = false;
    timeline_.at(now + random_.up_to(conditions_.message_delay), Dies{slot});
  }
  slot = std::make_shared<Agent>(worker, has_trees_, random_.bits());
  const Time up = now + random_.up_to(conditions_.start_delay);
  if (doomed_ || random_.chance(conditions_.faults.start_fails)) {
    timeline_.at(up, FailsToStart{slot});
  } else {
    timeline_.at(up, Starts{slot});
  }
}

void SessionFleet::take_from_session(const AgentPtr& agent, std::chrono::nanoseconds delay, Time now) {
  for (dispatch::Event& event : agent->session.take_events()) {
    judge_event(*agent, event);
    told_.push_back(std::move(event));
  }
  std::string bytes = agent->session.take_bytes();
  if (agent->is_heard && !bytes.empty()) {
    agent->last_at_agent = std::max(agent->last_at_agent, now + random_.up_to(delay));
    timeline_.at(agent->last_at_agent, AgentHears{agent, std::move(bytes)});
  }
  if (agent->session.tree_is_half_sent() && !std::exchange(agent->goes_on, true)) {
    timeline_.at(now + random_.up_to(1s), TreeGoesOn{agent});
  }
}

/// An end of a job that was sent is its own agent's; of one that was not, it is no verdict.
void SessionFleet::judge_event(const Agent& agent, const dispatch::Event& event) const {
  demand(!agent.swallowed, "a worker whose words are not understood counts as alive");
  const auto* ended = std::get_if<dispatch::JobEnded>(&event);
  if (ended == nullptr) return;
  if (agent.session.run(ended->job) == nullptr) {
    const bool verdict =
        ended->outcome.kind != job::OutcomeKind::cancelled && ended->outcome.kind != job::OutcomeKind::unprepared;
    demand(!verdict, "a verdict about a job that was not sent");
    return;
  }
  const auto said = agent.ends.find(ended->job);
  demand(said != agent.ends.end() && said->second == ended->outcome, "an end of a job that its agent did not give");
}

void SessionFleet::happens(const SessionHears& what, Time when) {
  Agent& agent = *what.agent;
  if (!agent.is_heard) return;
  using Kind = Intrusion::Kind;
  const bool forbidden = what.intrusion == Kind::forbidden;
  agent.intruded = agent.intruded || (what.intrusion && what.intrusion != Kind::harmless);
  agent.session.hear(what.bytes);
  const std::string why = agent.session.violation();
  demand(why.empty() || agent.intruded, "an honest agent is refused: " + why);
  demand(why.empty() || is_short_line(why), "why a worker ends is more than a line");
  demand(!why.empty() || !forbidden || agent.garbled, "what nobody may say is heard");
  take_from_session(what.agent, conditions_.message_delay, when);
  agent.garbled = agent.garbled || what.intrusion == Kind::garbles || what.intrusion == Kind::swallows;
  agent.swallowed = agent.swallowed || what.intrusion == Kind::swallows;
  if (why.empty()) return;
  ++refused_;
  end_session(what.agent, why, when);
}

void SessionFleet::happens(const StreamEnds& what, Time when) { end_session(what.agent, "its agent ended", when); }

void SessionFleet::end_session(const AgentPtr& agent, std::string reason, Time now) {
  if (!std::exchange(agent->is_heard, false)) return;
  timeline_.at(now + random_.up_to(conditions_.message_delay), Dies{agent});
  if (!agent->retired) told_.emplace_back(dispatch::WorkerLost{agent->worker, std::move(reason)});
}

void SessionFleet::happens(const TreeGoesOn& what, Time when) {
  what.agent->goes_on = false;
  if (!what.agent->is_heard) return;
  what.agent->session.go_on();
  take_from_session(what.agent, conditions_.message_delay, when);
}

/// No lease runs before that.
void SessionFleet::happens(const WelcomeIsDue& what, Time when) {
  if (!what.agent->session.is_greeted()) end_session(what.agent, "its agent did not answer", when);
}

void SessionFleet::happens(const FailsToStart& what, Time /*when*/) {
  if (what.agent->retired || !std::exchange(what.agent->is_heard, false)) return;
  const bool for_good = random_.chance(conditions_.faults.for_good);
  told_.emplace_back(dispatch::WorkerLost{what.agent->worker, "it did not start", for_good});
}

void SessionFleet::happens(const AllDie& /*what*/, Time when) {
  doomed_ = true;
  for (const AgentPtr& agent : agents_) happens(Dies{agent}, when);
}

void SessionFleet::happens(const UserInterrupts& /*what*/, Time /*when*/) {
  told_.emplace_back(dispatch::Interrupted{});
}

// ---- the agent's end

void SessionFleet::happens(const Starts& what, Time when) {
  if (what.agent->retired || !what.agent->is_heard) return;
  if (doomed_) return happens(FailsToStart{what.agent}, when);
  what.agent->alive = true;
  timeline_.at(when + start_limit, WelcomeIsDue{what.agent});
  take_from_session(what.agent, conditions_.message_delay, when);
}

void SessionFleet::hear(const AgentPtr& agent, const wire::Hello& /*hello*/, Time now) {
  say(agent, wire::Welcome{}, now);
  if (conditions_.heartbeat > 0ns) timeline_.at(now + conditions_.heartbeat, Beats{agent});
  if (random_.chance(conditions_.faults.hostile)) timeline_.at(now + random_.up_to(5s), Intrudes{agent});
}

void SessionFleet::happens(const Beats& what, Time when) {
  if (stopped_ || !what.agent->is_heard || !what.agent->alive) return;
  say(what.agent, wire::Heartbeat{what.agent->overheard.job}, when);
  timeline_.at(when + conditions_.heartbeat, Beats{what.agent});
}

void SessionFleet::happens(const Dies& what, Time when) {
  if (!std::exchange(what.agent->alive, false)) return;
  // A machine that loses its power closes no stream.
  if (random_.chance(conditions_.faults.unnoticed)) return;
  timeline_.at(arrival(*what.agent, when), StreamEnds{what.agent});
}

void SessionFleet::happens(const FallsSilent& what, Time when) {
  what.agent->silent_until = when + conditions_.options.lease + random_.up_to(conditions_.options.lease);
}

void SessionFleet::happens(const Intrudes& what, Time when) {
  if (stopped_ || !what.agent->is_heard || !what.agent->alive) return;
  Intrusion intrusion = intrude(what.agent->overheard, random_);
  say(what.agent, std::move(intrusion.bytes), intrusion.kind, when);
  timeline_.at(when + random_.up_to(5s), Intrudes{what.agent});
}

void SessionFleet::happens(const AgentHears& what, Time when) {
  if (!what.agent->alive) return;
  what.agent->decoder.feed(what.bytes);
  while (true) {
    auto next = what.agent->decoder.next();
    demand(next.has_value(), "the coordinator says what is no message");
    if (!*next) return;
    std::visit(
        [&](const auto& message) {
          if constexpr (requires { this->hear(what.agent, message, when); }) hear(what.agent, message, when);
        },
        **next);
  }
}

void SessionFleet::hear(const AgentPtr& agent, const wire::TreeBegin& begin, Time /*now*/) {
  if (begin.replace) agent->files.clear();
}

void SessionFleet::hear(const AgentPtr& agent, const wire::TreeFile& file, Time /*now*/) {
  agent->files.push_back(file.path);
}

void SessionFleet::hear(const AgentPtr& agent, const wire::TreeEnd& end, Time now) {
  wire::TreeReady ready;
  ready.nonce = end.nonce;
  const bool fails = random_.chance(conditions_.faults.infrastructure);
  ready.outcome.kind = fails ? job::OutcomeKind::unprepared : job::OutcomeKind::exited;
  agent->has_tree = true;
  say(agent, ready, now);
}

void SessionFleet::hear(const AgentPtr& agent, const wire::Run& run, Time now) {
  agent->jobs.push_back(run);
  if (agent->jobs.size() == 1) begin_next(agent, now);
}

void SessionFleet::begin_next(const AgentPtr& agent, Time now) {
  if (agent->jobs.empty()) return;
  const wire::Run& run = agent->jobs.front();
  ++agent->begun;
  agent->logged = 0;
  agent->overheard.job = run.job;
  agent->overheard.attempt = run.attempt;
  agent->overheard.log_limit = run.log_limit;
  const Faults& faults = conditions_.faults;
  const auto drawn = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * random_.lognormal(conditions_.spread)));
  const Labour labour = labours_(assigned_.at(run.job));
  const std::chrono::nanoseconds took = labour.takes.value_or(drawn);
  if (random_.chance(faults.dies_before)) timeline_.at(now, Dies{agent});
  if (random_.chance(faults.dies_during)) timeline_.at(now + random_.up_to(took), Dies{agent});
  if (random_.chance(faults.falls_silent)) timeline_.at(now + random_.up_to(took), FallsSilent{agent});
  if (!run.build.empty()) say(agent, wire::Started{run.job, job::Phase::build}, now);
  timeline_.at(run.build.empty() ? now : now + took / 4, TestBegins{agent, agent->begun});
  const job::Outcome outcome = random_.chance(faults.infrastructure) ? no_verdict(random_) : labour.outcome;
  timeline_.at(now + took, TestEnds{agent, agent->begun, outcome, took, random_.chance(faults.dies_after)});
}

void SessionFleet::happens(const TestBegins& what, Time when) {
  if (!what.agent->alive || what.agent->begun != what.begun || what.agent->jobs.empty()) return;
  say(what.agent, wire::Started{what.agent->jobs.front().job, job::Phase::test}, when);
  say_log(what.agent, random_.below(400), when);
}

void SessionFleet::happens(const TestEnds& what, Time when) {
  if (!what.agent->alive || what.agent->begun != what.begun || what.agent->jobs.empty()) return;
  say_log(what.agent, random_.below(400), when);
  end_first(what.agent, what.outcome, what.took, when);
  if (what.then_dies) happens(Dies{what.agent}, when);
}

void SessionFleet::hear(const AgentPtr& agent, const wire::Cancel& cancel, Time now) {
  const auto found = std::ranges::find(agent->jobs, cancel.job, &wire::Run::job);
  if (found == agent->jobs.end()) return;
  if (found == agent->jobs.begin()) {
    if (!cancel.only_if_waiting) end_first(agent, cancelled(), {}, now);
    return;
  }
  const wire::Run run = *found;
  agent->jobs.erase(found);
  wire::Finished finished;
  finished.outcome = cancelled();
  say_end(agent, run, finished, now);
}

void SessionFleet::hear(const AgentPtr& agent, const wire::Shutdown& /*shutdown*/, Time now) {
  happens(Dies{agent}, now);
}

void SessionFleet::end_first(const AgentPtr& agent, const job::Outcome& outcome, std::chrono::nanoseconds took,
                             Time now) {
  const wire::Run run = std::move(agent->jobs.front());
  agent->jobs.pop_front();
  ++agent->begun;
  agent->overheard.job = {};
  wire::Finished finished;
  finished.outcome = outcome;
  finished.test_time = std::chrono::duration_cast<std::chrono::microseconds>(took);
  finished.log_bytes = agent->logged;
  say_end(agent, run, finished, now);
  if (agent->has_tree) {
    wire::TreeState state;
    if (!agent->files.empty() && random_.chance(0.3)) state.changed = {agent->files.front()};
    say(agent, state, now);
  }
  begin_next(agent, now);
}

void SessionFleet::say_end(const AgentPtr& agent, const wire::Run& run, wire::Finished finished, Time now) {
  finished.job = run.job;
  finished.attempt = run.attempt;
  finished.nonce = run.nonce;
  agent->ends[run.job] = finished.outcome;
  agent->overheard.old_nonce = run.nonce;
  agent->overheard.last_end.clear();
  wire::encode(finished, agent->overheard.last_end);
  say(agent, finished, now);
}

void SessionFleet::say_log(const AgentPtr& agent, std::size_t size, Time now) {
  if (size == 0) return;  // an agent sends no empty piece
  agent->logged += size;
  say(agent, wire::Log{agent->jobs.front().job, std::string(size, 'x')}, now);
}

// ---- the stream

void SessionFleet::say(const AgentPtr& agent, const wire::Message& message, Time now) {
  std::string bytes;
  wire::encode(message, bytes);
  say(agent, std::move(bytes), std::nullopt, now);
}

/// At times in two pieces.
void SessionFleet::say(const AgentPtr& agent, std::string bytes, std::optional<Intrusion::Kind> intrusion, Time now) {
  if (!intrusion && random_.chance(0.1)) {
    const std::size_t first = random_.below(bytes.size());
    timeline_.at(arrival(*agent, now), SessionHears{agent, bytes.substr(0, first), intrusion});
    bytes.erase(0, first);
  }
  timeline_.at(arrival(*agent, now), SessionHears{agent, std::move(bytes), intrusion});
}

Time SessionFleet::arrival(Agent& agent, Time now) {
  const Time unhindered = std::max(now, agent.silent_until) + random_.up_to(conditions_.message_delay);
  agent.last_at_coordinator = std::max(unhindered, agent.last_at_coordinator);
  return agent.last_at_coordinator;
}

}  // namespace nmz::simulation
