#include "scenario.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace nmz::dispatch {
namespace {

std::string name(job::WorkerId id) { return fmt::format("w{}", static_cast<std::uint32_t>(id)); }
std::string name(job::JobId id) { return fmt::format("job{}", static_cast<std::uint64_t>(id)); }

std::string phrase(const Assign& it) {
  const std::string again = it.attempt == 1 ? "" : fmt::format(" try{}", it.attempt);
  return fmt::format("assign {} s{} {}{}", name(it.worker), it.subject, name(it.job), again);
}
std::string phrase(const Cancel& it) {
  return fmt::format("{} {} {}", it.only_if_waiting ? "recall" : "cancel", name(it.worker), name(it.job));
}
std::string phrase(const Retire& it) { return fmt::format("retire {}", name(it.worker)); }
std::string phrase(const Start& it) { return fmt::format("start {}", name(it.worker)); }
std::string phrase(const Restart& it) { return fmt::format("restart {}", name(it.worker)); }
std::string phrase(const Stop& it) {
  constexpr std::array names{"finished", "interrupted", "no workers"};
  return fmt::format("stop {}", names.at(static_cast<std::size_t>(it.why)));
}
std::string phrase(const Ended& it) {
  constexpr std::array names{"counted", "retried", "cancelled", "late", "returned", "spare", "disturbed"};
  const char* fate = names.at(static_cast<std::size_t>(it.fate));
  if (it.attempt == 0) return fmt::format("{} {}", fate, name(it.job));
  return fmt::format("{} s{} {}", fate, it.subject, name(it.job));
}
std::string phrase(const GivenUp& it) { return fmt::format("{} {}", it.restarting ? "lost" : "gone", name(it.worker)); }

std::string phrase(const Collided& it) { return fmt::format("collided s{} s{}", it.subject, it.other); }

std::string phrase(const Skipped& it) { return fmt::format("skipped s{}", it.subject); }
std::string phrase(const RunsAgain& it) { return fmt::format("again s{}", it.subject); }
std::string phrase(const Resized& it) { return fmt::format("{} workers, {} leaving", it.workers, it.leaving); }

void append(std::string& line, const std::string& phrase) {
  if (!line.empty()) line += ", ";
  line += phrase;
}

}  // namespace

std::vector<Subject> ScriptedPlanForTests::next(std::size_t count) {
  ++questions;
  std::vector<Subject> subjects;
  while (subjects.size() < count && !to_do.empty()) {
    subjects.push_back(to_do.front());
    to_do.pop_front();
  }
  running += subjects.size();
  return subjects;
}

void ScriptedPlanForTests::record(Subject subject, const job::Outcome& outcome) {
  constexpr std::array kinds{"exited",     "signaled",   "timed out", "build failed", "not started",
                             "unprepared", "untestable", "cancelled", "lost",         "skipped"};
  --running;
  const std::string code = outcome.code == 0 ? "" : fmt::format(" {}", outcome.code);
  note(fmt::format("{}={}{}", subject, kinds.at(static_cast<std::size_t>(outcome.kind)), code));
}

void ScriptedPlanForTests::give_back(Subject subject) {
  --running;
  to_do.push_front(subject);
  note(fmt::format("back {}", subject));
}

void ScriptedPlanForTests::note(const std::string& line) { append(diary_, line); }

std::string Scenario::tell(const std::vector<Event>& events) {
  const Step step = dispatcher.step(events, now);
  std::string line;
  for (const Action& action : step.actions) {
    append(line, std::visit([](const auto& it) { return phrase(it); }, action));
  }
  for (const Report& report : step.reports) {
    append(line, std::visit([](const auto& it) { return phrase(it); }, report));
  }
  return line;
}

std::string Scenario::after(std::chrono::nanoseconds pause, const std::vector<Event>& events) {
  now += pause;
  return tell(events);
}

Event ready(std::uint32_t worker) { return WorkerReady{job::WorkerId{worker}}; }
Event lost(std::uint32_t worker) { return WorkerLost{job::WorkerId{worker}, "its stream ended"}; }
Event alive(std::uint32_t worker) { return WorkerAlive{job::WorkerId{worker}}; }
Event ended(std::uint32_t worker, std::uint64_t job, const job::Outcome& outcome, std::chrono::nanoseconds took) {
  return JobEnded{job::WorkerId{worker}, job::JobId{job}, outcome, took};
}

Event took(std::uint32_t worker, std::uint64_t job, std::uint64_t place) {
  return Took{job::WorkerId{worker}, job::JobId{job}, {"port 8080", place}};
}

job::Outcome outcome(job::OutcomeKind kind, int code) {
  job::Outcome it;
  it.kind = kind;
  it.code = code;
  return it;
}
job::Outcome exited(int code) { return outcome(job::OutcomeKind::exited, code); }
job::Outcome disk_full(job::OutcomeKind kind, int code) {
  job::Outcome it = outcome(kind, code);
  it.disk_full = true;
  return it;
}

}  // namespace nmz::dispatch
