#include "outcome_meaning.hpp"

namespace nmz::search {
namespace {

using job::OutcomeKind;

constexpr std::int64_t lowest_crash = 128;

/// 128 and above, or a signal: the command's way to end the search, unless the output says that it is the failure that
/// is looked for.
Meaning meaning_of_crash(const job::Outcome& outcome, bool matching) {
  return matching && outcome.matched ? Meaning::failed : Meaning::abort;
}

Meaning meaning_of_failure(const job::Outcome& outcome, bool matching) {
  if (outcome.kind == OutcomeKind::not_started) return Meaning::command_failed;
  const std::int64_t status = job::shell_status(outcome);
  if (status == 125) return Meaning::skip;
  if (status < 0 || status >= lowest_crash) return meaning_of_crash(outcome, matching);
  if (!outcome.matched) return Meaning::skip;
  return looks_unexecuted(outcome) ? Meaning::failed_unexecuted : Meaning::failed;
}

/// The dispatcher has tried often enough.
Meaning meaning_of_trouble(const job::Outcome& outcome) {
  if (outcome.kind == OutcomeKind::cancelled) return Meaning::nothing;
  // As git takes it: a test that is killed each time it runs.
  return job::killed_from_outside(outcome) && !outcome.disk_full ? Meaning::abort : Meaning::skip;
}

}  // namespace

bool looks_unexecuted(const job::Outcome& outcome) {
  return outcome.kind == OutcomeKind::exited && (outcome.code == 126 || outcome.code == 127);
}

Meaning meaning_of(const job::Outcome& outcome, TimeoutMeans timeout_means, bool matching) {
  switch (job::classify(outcome)) {
    case job::Class::passed:
      return Meaning::passed;
    case job::Class::failed:
      return meaning_of_failure(outcome, matching);
    case job::Class::timed_out:
      return timeout_means == TimeoutMeans::bad && outcome.matched ? Meaning::failed : Meaning::skip;
    case job::Class::untestable:
      break;
    case job::Class::infrastructure:
      return meaning_of_trouble(outcome);
  }
  return Meaning::skip;
}

}  // namespace nmz::search
