#include "journal.hpp"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace nmz::simulation {
namespace {

std::string name(job::WorkerId worker) { return fmt::format("worker {}", static_cast<std::uint32_t>(worker)); }
std::string name(job::JobId job) { return fmt::format("job {}", static_cast<std::uint64_t>(job)); }

std::string words(const job::Outcome& outcome) {
  constexpr std::array<std::string_view, 10> kinds{"exited",      "signaled",   "timed out",  "build failed",
                                                   "not started", "unprepared", "untestable", "cancelled",
                                                   "lost",        "skipped"};
  const auto kind = static_cast<std::size_t>(outcome.kind);
  return fmt::format("{} {}{}", kind < kinds.size() ? kinds.at(kind) : "unknown", outcome.code,
                     outcome.disk_full ? ", disk full" : "");
}

std::string words(const dispatch::WorkerReady& it) { return name(it.worker) + " is ready"; }
std::string words(const dispatch::WorkerLost& it) {
  return fmt::format("{} is lost: {}{}", name(it.worker), it.reason, it.for_good ? " (for good)" : "");
}
std::string words(const dispatch::WorkerAlive& it) { return name(it.worker) + " is alive"; }
std::string words(const dispatch::JobEnded& it) {
  return fmt::format("{} says that {} ended: {}", name(it.worker), name(it.job), words(it.outcome));
}
std::string words(const dispatch::Interrupted& /*it*/) { return "the user interrupts"; }
std::string words(const dispatch::Took& it) {
  return fmt::format("{} says that {} takes {} {}", name(it.worker), name(it.job), it.what.name, it.what.place);
}
std::string words(const dispatch::Tick& /*it*/) { return "time has passed"; }

std::string words(const dispatch::CancelJob& it) { return "the user cancels " + name(it.job); }
std::string words(const dispatch::RunAgain& it) { return fmt::format("the user wants {} again", it.item); }
std::string words(const dispatch::SkipSubject& it) { return fmt::format("the user skips subject {}", it.subject); }
std::string words(const dispatch::Pause& it) { return it.on ? "the user pauses" : "the user goes on"; }
std::string words(const dispatch::ChangeWorkers& it) { return fmt::format("the user wants {:+} workers", it.by); }

std::string words(const dispatch::Assign& it) {
  return fmt::format("{} to {}: subject {}, attempt {}", name(it.job), name(it.worker), it.subject, it.attempt);
}
std::string words(const dispatch::Cancel& it) {
  return fmt::format("cancel {} of {}{}", name(it.job), name(it.worker), it.only_if_waiting ? " if it waits" : "");
}
std::string words(const dispatch::Start& it) { return "start " + name(it.worker); }
std::string words(const dispatch::Restart& it) { return "restart " + name(it.worker); }
std::string words(const dispatch::Retire& it) { return "retire " + name(it.worker); }
std::string words(const dispatch::Stop& it) {
  constexpr std::array<std::string_view, 3> whys{"finished", "interrupted", "no workers"};
  return fmt::format("stop: {}", whys.at(static_cast<std::size_t>(it.why)));
}

std::string words(const dispatch::Ended& it) {
  constexpr std::array<std::string_view, 7> fates{"counted",  "retried", "cancelled", "late",
                                                  "returned", "spare",   "disturbed"};
  return fmt::format("{} of {} (subject {}, attempt {}) is {}: {}", name(it.job), name(it.worker), it.subject,
                     it.attempt, fates.at(static_cast<std::size_t>(it.fate)), words(it.outcome));
}
std::string words(const dispatch::Collided& it) {
  return fmt::format("subjects {} and {} have both {} {}", it.subject, it.other, it.what.name, it.what.place);
}
std::string words(const dispatch::GivenUp& it) {
  return fmt::format("{} is given up{}: {}", name(it.worker), it.restarting ? " and started anew" : "", it.reason);
}
std::string words(const dispatch::RunsAgain& it) { return fmt::format("subject {} runs again", it.subject); }
std::string words(const dispatch::Skipped& it) { return fmt::format("subject {} is skipped", it.subject); }
std::string words(const dispatch::Resized& it) { return fmt::format("{} workers, {} leaving", it.workers, it.leaving); }

}  // namespace

void write_step(std::ostream& out, std::span<const dispatch::Event> events, const dispatch::Step& step, Time now) {
  const double seconds = std::chrono::duration<double>(now).count();
  const auto line = [&](std::string_view mark, const std::string& what) {
    out << fmt::format("{:12.6f} {} {}\n", seconds, mark, what);
  };
  const auto tell = [](const auto& variant) { return std::visit([](const auto& it) { return words(it); }, variant); };
  for (const dispatch::Event& event : events) line(">", tell(event));
  for (const dispatch::Report& report : step.reports) line("=", tell(report));
  for (const dispatch::Action& action : step.actions) line("<", tell(action));
}

}  // namespace nmz::simulation
