#include "nmz/job/outcome.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

namespace nmz::job {
namespace {

/// A command that fails while the disk is full failed for want of space, as far as anybody can tell.
bool failed_for_space(const Outcome& outcome) {
  if (!outcome.disk_full) return false;
  switch (outcome.kind) {
    case OutcomeKind::exited:
      return outcome.code != 0;
    case OutcomeKind::signaled:
    case OutcomeKind::timed_out:
    case OutcomeKind::build_failed:
      return true;
    case OutcomeKind::not_started:
    case OutcomeKind::unprepared:
    case OutcomeKind::untestable:
    case OutcomeKind::cancelled:
    case OutcomeKind::lost:
    case OutcomeKind::skipped:
      break;
  }
  return false;
}

std::string name_of_signal(int number) {
  const char* const description = ::sigdescr_np(number);
  return "signal " + std::to_string(number) + (description == nullptr ? "" : std::string{" ("} + description + ")");
}

std::string what_happened(const Outcome& outcome) {
  const std::string code = std::to_string(outcome.code);
  switch (outcome.kind) {
    case OutcomeKind::exited:
      return outcome.code == 0 ? "" : "exit " + code;
    case OutcomeKind::signaled:
      return "killed by " + name_of_signal(outcome.code);
    case OutcomeKind::timed_out:
      return "timed out";
    case OutcomeKind::build_failed:
      return "the build failed with " + code;
    case OutcomeKind::not_started:
      return "cannot be started";
    case OutcomeKind::unprepared:
      return "its worker could not run it";
    case OutcomeKind::untestable:
      return "cannot be laid out";
    case OutcomeKind::cancelled:
      return "cancelled";
    case OutcomeKind::lost:
      return "its worker was lost";
    case OutcomeKind::skipped:
      return "skipped";
  }
  return {};
}

}  // namespace

Class classify(const Outcome& outcome) {
  if (failed_for_space(outcome) || killed_from_outside(outcome)) return Class::infrastructure;
  switch (outcome.kind) {
    case OutcomeKind::exited:
      return outcome.code == 0 ? Class::passed : Class::failed;
    case OutcomeKind::signaled:
    case OutcomeKind::not_started:
      return Class::failed;
    case OutcomeKind::timed_out:
      return Class::timed_out;
    case OutcomeKind::build_failed:
    case OutcomeKind::untestable:
      return Class::untestable;
    case OutcomeKind::unprepared:
    case OutcomeKind::cancelled:
    case OutcomeKind::lost:
    case OutcomeKind::skipped:
      break;
  }
  return Class::infrastructure;
}

bool is_failure(Class of) { return of != Class::passed && of != Class::infrastructure; }

bool withdrawn(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::cancelled || outcome.kind == OutcomeKind::skipped;
}

bool killed_from_outside(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::signaled && outcome.code == SIGKILL;
}

bool blames_worker(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::unprepared || failed_for_space(outcome);
}

bool met_a_limit(const Outcome& outcome) {
  if (outcome.kind != OutcomeKind::unprepared) return failed_for_space(outcome);
  return outcome.disk_full || outcome.code == EAGAIN || outcome.code == ENOMEM || outcome.code == EMFILE ||
         outcome.code == ENFILE;
}

std::int64_t shell_status(const Outcome& outcome) {
  constexpr std::int64_t signals = 128;
  // The agent's number may be any.
  return std::int64_t{outcome.code} + (outcome.kind == OutcomeKind::signaled ? signals : 0);
}

std::string describe(const Outcome& outcome) {
  std::string text = what_happened(outcome);
  const auto add = [&text](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (!outcome.matched) add("no line matches");
  if (outcome.disk_full) add("the disk was full");
  if (!outcome.detail.empty()) add(outcome.detail);
  return text;
}

}  // namespace nmz::job
