// A worker program that is not ours: started in place of nmzagent (NMZ_AGENT), it plays the attack that NMZ_ATTACK
// names. It greets and does its work up to the point where the attack begins. One that is answered by the end of its
// stream ends; one that is not goes on.
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "nmz/wire/codec.hpp"

namespace {

using namespace nmz::wire;

constexpr int stream = 3;

/// Ends the program when nobody listens any more.
void say(const Message& message) {
  std::string bytes;
  encode(message, bytes);
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(stream, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) std::_Exit(0);
    sent += static_cast<std::size_t>(count);
  }
}

Decoder decoder;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

template <class T>
T hear() {
  std::vector<char> buffer(data_chunk);
  for (;;) {
    auto message = decoder.next();
    if (!message) std::_Exit(2);
    if (*message && std::holds_alternative<T>(**message)) return std::get<T>(std::move(**message));
    if (*message) continue;
    const ssize_t count = ::read(stream, buffer.data(), buffer.size());
    if (count <= 0) std::_Exit(0);
    decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
  }
}

TreeReady ready() {
  TreeReady message;
  message.outcome.kind = nmz::job::OutcomeKind::exited;
  return message;
}

/// A verdict "good".
Finished good(const Run& run) {
  Finished finished;
  finished.job = run.job;
  finished.attempt = run.attempt;
  finished.nonce = run.nonce;
  finished.outcome.kind = nmz::job::OutcomeKind::exited;
  return finished;
}

/// One whose sender has not heard the Run.
Finished guessed(std::uint64_t job) {
  Run run;
  run.job = nmz::job::JobId{job};
  return good(run);
}

[[noreturn]] void for_ever(const Message& message) {
  for (;;) say(message);
}

Run running() {
  TreeReady message = ready();
  message.nonce = hear<TreeEnd>().nonce;
  say(message);
  Run run = hear<Run>();
  say(Started{run.job});
  return run;
}

const std::map<std::string, std::function<void()>> attacks{
    {"finished-in-layout",
     [] {
       hear<TreeBegin>();
       for (std::uint64_t job = 1; job < 10; ++job) say(guessed(job));
       for_ever(ready());
     }},
    {"welcome-again", [] { for_ever(Welcome{}); }},
    {"tree-state-flood",
     [] {
       const Run run = running();
       Finished finished = good(run);
       finished.outcome.kind = nmz::job::OutcomeKind::unprepared;
       say(finished);
       for_ever(TreeState{std::vector<std::string>(1000, std::string(500, 'x')), false});
     }},
    {"tree-ready-unasked", [] { for_ever(ready()); }},
    {"forged-skip",
     [] {
       static_cast<void>(hear<TreeEnd>());
       TreeReady message;
       message.outcome.kind = nmz::job::OutcomeKind::untestable;
       say(message);
       static_cast<void>(hear<Shutdown>());
     }},
    {"started-twice",
     [] {
       const Run run = running();
       for_ever(Started{run.job});
     }},
    {"log-of-no-job",
     [] {
       for_ever(Log{nmz::job::JobId{77}, "x"});
     }},
    {"log-without-end",
     [] {
       const Run run = running();
       for_ever(Log{run.job, std::string(data_chunk, 'x')});
     }},
    {"forged-verdict",
     [] {
       const Run run = running();
       say(guessed(static_cast<std::uint64_t>(run.job)));
       static_cast<void>(hear<Shutdown>());
     }},
    {"endless-name",
     [] {
       hear<TreeBegin>();
       Welcome welcome;
       welcome.node.assign(100'000, 'n');
       for_ever(welcome);
     }},
    {"impossible-time",
     [] {
       Finished finished = good(running());
       finished.test_time = std::chrono::microseconds::max();
       say(finished);
       static_cast<void>(hear<Shutdown>());
     }},
    {"negative-time",
     [] {
       Finished finished = good(running());
       finished.build_time = std::chrono::microseconds{-1};
       say(finished);
       static_cast<void>(hear<Shutdown>());
     }},
    {"log-after-the-end",
     [] {
       const Run run = running();
       Finished finished = good(run);
       finished.outcome.kind = nmz::job::OutcomeKind::unprepared;
       say(finished);
       for_ever(Log{run.job, "x"});
     }},
    {"ended-twice",
     [] {
       Finished finished = good(running());
       finished.outcome.kind = nmz::job::OutcomeKind::unprepared;
       say(finished);
       for_ever(finished);
     }},
    {"endless-explanation",
     [] {
       Finished finished = good(running());
       finished.outcome.kind = nmz::job::OutcomeKind::unprepared;
       finished.outcome.detail.assign(1'000'000, 'x');
       for_ever(finished);
     }},
    {"status-out-of-range",
     [] {
       Finished finished = good(running());
       finished.outcome.code = -1;
       for_ever(finished);
     }},
    {"verdict-lost",
     [] {
       Finished finished = good(running());
       finished.outcome.kind = nmz::job::OutcomeKind::lost;
       for_ever(finished);
     }},
    {"empty-tree-states",
     [] {
       Finished finished = good(running());
       finished.outcome.kind = nmz::job::OutcomeKind::unprepared;
       say(finished);
       for_ever(TreeState{{}, false});
     }},
    {"empty-logs",
     [] {
       const Run run = running();
       for_ever(Log{run.job, ""});
     }},
    {"coordinators-word", [] { for_ever(Shutdown{}); }},
};

}  // namespace

int main() {
  const char* const name = std::getenv("NMZ_ATTACK");  // NOLINT(concurrency-mt-unsafe)
  const auto attack = attacks.find(name == nullptr ? "" : name);
  if (attack == attacks.end()) return 2;
  hear<Hello>();
  say(Welcome{});
  attack->second();
}
