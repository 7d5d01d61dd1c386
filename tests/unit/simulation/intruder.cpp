#include "intruder.hpp"

#include <array>

#include "nmz/wire/codec.hpp"

#include "conversation.hpp"

namespace nmz::simulation {
namespace {

using Kind = Intrusion::Kind;

constexpr job::JobId nobodys{1'000'000'000};

Intrusion says(const wire::Message& message, Kind kind) {
  Intrusion intrusion;
  wire::encode(message, intrusion.bytes);
  intrusion.kind = kind;
  return intrusion;
}

/// "It passed", or "it failed": whichever would spoil the answer.
wire::Finished verdict(job::JobId job, Random& random) {
  wire::Finished finished;
  finished.job = job;
  finished.outcome.kind = job::OutcomeKind::exited;
  finished.outcome.code = random.chance(0.5) ? 1 : 0;
  return finished;
}

Intrusion forged_verdict(const Overheard& overheard, Random& random) {
  wire::Finished finished = verdict(overheard.job, random);
  finished.attempt = overheard.attempt;
  const std::array<wire::Nonce, 3> guesses{wire::Nonce{}, wire::Nonce{random.bits(), random.bits()},
                                           overheard.old_nonce};
  finished.nonce = guesses.at(random.below(guesses.size()));
  return says(finished, Kind::forbidden);
}

Intrusion tree_state_flood() {
  constexpr int messages = 50;
  Intrusion flood;
  for (int count = 0; count < messages; ++count) {
    wire::encode(wire::TreeState{{"a/file", "another file", std::string(100, 'x')}, false}, flood.bytes);
  }
  flood.kind = Kind::forbidden;
  return flood;
}

Intrusion log_flood(const Overheard& overheard) {
  constexpr std::size_t size = 5000;  // more than any limit of the session's
  const bool allowed = overheard.job != job::JobId{} && overheard.log_limit == 0;
  return says(wire::Log{overheard.job, std::string(size, 'x')}, allowed ? Kind::perhaps : Kind::forbidden);
}

/// A length and the type of a Log; most of what it promises never comes.
Intrusion half_a_frame(Random& random) {
  wire::Log log;
  log.bytes.assign(coordinator::largest_message - 100, 'x');
  Intrusion half = says(log, Kind::swallows);
  half.bytes.resize(random.between(1, 60));
  if (half.bytes.size() < wire::header_size) half.kind = Kind::garbles;
  return half;
}

Intrusion no_frame(Random& random) {
  Intrusion garbage;
  garbage.kind = Kind::forbidden;
  if (random.chance(0.5)) {
    garbage.bytes = std::string("\0\0\0\0\xff", wire::header_size);  // no such type
  } else {
    garbage.bytes = std::string("\xff\xff\xff\x7f\x0a", wire::header_size);  // too long
  }
  return garbage;
}

Intrusion out_of_turn(const Overheard& overheard, Random& random) {
  wire::TreeReady ready;
  const std::array<job::OutcomeKind, 3> words{job::OutcomeKind::exited, job::OutcomeKind::unprepared,
                                              job::OutcomeKind::untestable};
  ready.nonce = {random.below(2), random.below(2)};
  ready.outcome.kind = words.at(random.below(words.size()));
  switch (random.below(7)) {
    case 0:
      return says(wire::Welcome{}, Kind::forbidden);
    case 1:
      return says(ready, Kind::forbidden);
    case 2:
      return says(wire::Started{nobodys}, Kind::forbidden);
    case 3:
      return says(wire::Log{nobodys, "x"}, Kind::forbidden);
    case 4:
      return says(wire::Started{overheard.job}, Kind::perhaps);
    case 5:
      return says(wire::TreeState{}, Kind::perhaps);
    default:
      return says(wire::Shutdown{}, Kind::forbidden);
  }
}

}  // namespace

Intrusion intrude(const Overheard& overheard, Random& random) {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return forged_verdict(overheard, random);
    case 3:
      return says(verdict(nobodys, random), Kind::forbidden);
    case 4:
      if (!overheard.last_end.empty()) return {overheard.last_end, Kind::forbidden};
      return says(wire::Heartbeat{nobodys}, Kind::harmless);
    case 5:
      return tree_state_flood();
    case 6:
      return log_flood(overheard);
    case 7:
      return half_a_frame(random);
    case 8:
      return no_frame(random);
    default:
      return out_of_turn(overheard, random);
  }
}

}  // namespace nmz::simulation
