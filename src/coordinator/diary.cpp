#include "diary.hpp"

#include <array>
#include <chrono>
#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include "nmz/diagnostics/diagnostics.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::coordinator {
namespace {

using diagnostics::Level;
using Milliseconds = std::chrono::duration<double, std::milli>;

std::uint32_t number(job::WorkerId worker) { return static_cast<std::uint32_t>(worker); }
std::uint64_t number(job::JobId job) { return static_cast<std::uint64_t>(job); }

std::string words(const dispatch::Assign& assign) {
  return fmt::format("job {} for worker {}: subject {}, attempt {}", number(assign.job), number(assign.worker),
                     assign.subject, assign.attempt);
}
std::string words(const dispatch::Cancel& cancel) {
  return fmt::format("job {} of worker {} is {}", number(cancel.job), number(cancel.worker),
                     cancel.only_if_waiting ? "called back, if it has not begun" : "cancelled");
}
std::string words(const dispatch::Start& start) { return fmt::format("worker {} is started", number(start.worker)); }
std::string words(const dispatch::Restart& restart) {
  return fmt::format("worker {} is started again", number(restart.worker));
}
std::string words(const dispatch::Retire& retire) {
  return fmt::format("worker {} is not needed any more", number(retire.worker));
}
std::string words(const dispatch::Stop& stop) {
  constexpr std::array reasons{"the plan is finished", "interrupted", "no worker is left"};
  return fmt::format("the end: {}", reasons.at(static_cast<std::size_t>(stop.why)));
}

std::string words(const dispatch::Ended& ended) {
  constexpr std::array fates{"counts",        "is run again", "was cancelled", "comes too late",
                             "had not begun", "is a copy",    "met another"};
  const std::string how = job::describe(ended.outcome);
  return fmt::format("job {} of worker {} {}: subject {}, attempt {}, {} after {:.1f} ms", number(ended.job),
                     number(ended.worker), fates.at(static_cast<std::size_t>(ended.fate)), ended.subject, ended.attempt,
                     how.empty() ? "exit 0" : how, Milliseconds{ended.took}.count());
}
std::string words(const dispatch::GivenUp& given_up) {
  return fmt::format("worker {} is given up{}: {}", number(given_up.worker),
                     given_up.restarting ? " and started again" : "", given_up.reason);
}

std::string words(const dispatch::Collided& collided) {
  return fmt::format("subjects {} and {} took {} at once: one job at a time from now on", collided.subject,
                     collided.other, text::printable(collided.what.name));
}

std::string words(const dispatch::RunsAgain& again) {
  return fmt::format("subject {} is run again, as the user wants", again.subject);
}

std::string words(const dispatch::Skipped& skipped) {
  return fmt::format("subject {} is skipped by the user", skipped.subject);
}

std::string words(const dispatch::Resized& resized) {
  return fmt::format("the user wants {} workers, {} are leaving", resized.workers, resized.leaving);
}

std::string words(const wire::Welcome& welcome) {
  return fmt::format("Welcome from {} (agent {}, process {})", welcome.node, welcome.version, welcome.pid);
}
std::string words(const wire::TreeReady& ready) {
  const std::string how = job::describe(ready.outcome);
  return "TreeReady" + (how.empty() ? "" : ": " + how);
}
std::string words(const wire::Started& started) {
  return fmt::format("Started job {}: its {}", number(started.job),
                     started.phase == job::Phase::build ? "build" : "test");
}
std::string words(const wire::Log& log) {
  return fmt::format("Log of job {}: {} bytes", number(log.job), log.bytes.size());
}
std::string words(const wire::Finished& finished) {
  const std::string how = job::describe(finished.outcome);
  return fmt::format("Finished job {}: {}", number(finished.job), how.empty() ? "exit 0" : how);
}
std::string words(const wire::TreeState& state) {
  return fmt::format("TreeState: {} files changed", state.changed.size());
}
std::string words(const wire::Took& took) {
  return fmt::format("Took {} for job {}", text::printable(took.what.name), number(took.job));
}
std::string words(const wire::Remark& remark) { return text::printable(remark.text); }
std::string words(const wire::Heartbeat& beat) { return fmt::format("Heartbeat (job {})", number(beat.job)); }

}  // namespace

void note(const dispatch::Action& action) {
  if (!diagnostics::wanted(Level::debug)) return;
  std::visit([](const auto& what) { diagnostics::write(Level::debug, "dispatch", words(what)); }, action);
}

void note(const dispatch::Report& report) {
  if (!diagnostics::wanted(Level::debug)) return;
  std::visit([](const auto& what) { diagnostics::write(Level::debug, "dispatch", words(what)); }, report);
}

bool wants_remarks() { return diagnostics::wanted(Level::debug); }

void note(job::WorkerId worker, const std::string& what) {
  if (!diagnostics::wanted(Level::info)) return;
  diagnostics::write(Level::info, "worker", fmt::format("{}: {}", number(worker), what));
}

void note(job::WorkerId worker, const wire::Message& message) {
  Level level = Level::trace;
  if (std::holds_alternative<wire::Welcome>(message)) level = Level::info;
  if (std::holds_alternative<wire::Remark>(message)) level = Level::debug;
  if (!diagnostics::wanted(level)) return;
  const auto write = [&](const auto& what) {
    if constexpr (requires { words(what); }) {
      diagnostics::write(level, "worker", fmt::format("{}: {}", number(worker), words(what)));
    }
  };
  std::visit(write, message);
}

}  // namespace nmz::coordinator
