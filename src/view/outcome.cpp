#include "nmz/view/outcome.hpp"

namespace nmz::view {
namespace {

std::string what_happened(const wire::Outcome& outcome) {
  const std::string code = std::to_string(outcome.code);
  switch (outcome.kind) {
    case wire::OutcomeKind::exited:
      return outcome.code == 0 ? "" : "exit " + code;
    case wire::OutcomeKind::signaled:
      return "killed by signal " + code;
    case wire::OutcomeKind::timed_out:
      return "timed out";
    case wire::OutcomeKind::build_failed:
      return "the build failed with " + code;
    case wire::OutcomeKind::not_started:
      return "cannot be started";
    case wire::OutcomeKind::unprepared:
      return "the work tree could not be prepared";
    case wire::OutcomeKind::untestable:
      return "cannot be laid out";
    case wire::OutcomeKind::cancelled:
      return "cancelled";
    case wire::OutcomeKind::lost:
      return "its worker was lost";
  }
  return {};
}

}  // namespace

std::string describe(const wire::Outcome& outcome) {
  std::string text = what_happened(outcome);
  const auto add = [&text](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (!outcome.matched) add("no line matches");
  if (outcome.disk_full) add("the disk was full");
  if (!outcome.detail.empty()) add(outcome.detail);
  return text;
}

}  // namespace nmz::view
