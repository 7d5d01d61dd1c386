#include "conditions.hpp"

#include <array>

namespace nmz::simulation {

using namespace std::chrono_literals;

Conditions perfect_world(std::uint32_t workers, double spread) {
  Conditions conditions;
  conditions.workers = workers;
  conditions.spread = spread;
  conditions.options.lease = conditions.limit;  // nobody needs to show that it is alive
  return conditions;
}

Conditions hostile_world(Random& random) {
  Conditions conditions;
  conditions.workers = static_cast<std::uint32_t>(random.between(1, 12));
  conditions.spread = static_cast<double>(random.below(5)) * 0.3;
  conditions.start_delay = random.up_to(5s);
  conditions.message_delay = random.chance(0.3) ? 0ns : random.up_to(100ms);
  conditions.cancel_delay = random.up_to(3s);
  conditions.heartbeat = 3s;
  conditions.options.lease = 10s;
  conditions.options.patience = random.chance(0.5) ? 60s : 2s;
  conditions.options.max_worker_restarts = static_cast<std::uint32_t>(random.below(30));
  conditions.options.ahead = random.chance(0.5) ? 0 : static_cast<std::uint32_t>(random.below(6));
  conditions.options.speculate = random.chance(0.3);
  conditions.options.gather = random.chance(0.5) ? 0ns : random.up_to(100ms);
  Faults& faults = conditions.faults;
  faults.unnoticed = 0.5;
  faults.for_good = 0.2;
  for (double* probability : std::array{&faults.dies_before, &faults.dies_during, &faults.dies_after,
                                        &faults.falls_silent, &faults.infrastructure, &faults.starts_anew,
                                        &faults.said_twice, &faults.stray, &faults.overtaken, &faults.start_fails}) {
    if (random.chance(0.4)) *probability = random.uniform() * random.uniform() * 0.5;
  }
  if (random.chance(0.05)) faults.all_die_at = random.up_to(20s);
  if (random.chance(0.05)) faults.interrupt_at = random.up_to(20s);
  if (random.chance(0.1)) faults.suspended_at = random.up_to(20s);
  conditions.speaks = random.chance(0.5);
  if (conditions.speaks && random.chance(0.7)) faults.hostile = random.uniform();
  if (!conditions.speaks && random.chance(0.3)) {
    faults.takes_port = random.uniform();
    faults.falls_silent = 0;  // what is given up for that and never ended disturbs whom it likes
  }
  if (random.chance(0.4)) conditions.wishes = static_cast<std::uint32_t>(random.between(1, 30));
  return conditions;
}

job::Outcome no_verdict(Random& random) {
  job::Outcome outcome;
  switch (random.below(4)) {
    case 0:
      outcome.kind = job::OutcomeKind::cancelled;  // and nobody had asked for it
      break;
    case 1:
      outcome.kind = job::OutcomeKind::unprepared;
      outcome.code = 28;
      break;
    case 2:
      outcome.kind = job::OutcomeKind::signaled;
      outcome.code = 9;
      break;
    default:
      outcome.kind = job::OutcomeKind::exited;
      outcome.code = 1;
      outcome.disk_full = true;
      break;
  }
  return outcome;
}

}  // namespace nmz::simulation
