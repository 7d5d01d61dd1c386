#include "proof_reporter.hpp"

#include <optional>
#include <utility>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzbisect {

std::string ProofReporter::log_name(dispatch::Subject trial) const {
  return item(trial).log + '-' + std::to_string(plan_.number_of(trial));
}

void ProofReporter::worker_ready(job::WorkerId worker, const wire::Welcome& welcome) {
  of_search_.worker_ready(worker, welcome);
}

void ProofReporter::assigned(const dispatch::Assign& assignment) {
  events::JobAssigned assigned;
  assigned.worker = assignment.worker;
  assigned.job = assignment.job;
  assigned.attempt = assignment.attempt;
  assigned.item = item(assignment.subject).named.id.hex();
  of_search_.show(assigned);
}

void ProofReporter::started(const dispatch::Assign& assignment, job::Phase phase) {
  events::PhaseStarted started;
  started.worker = assignment.worker;
  started.job = assignment.job;
  started.attempt = assignment.attempt;
  started.item = item(assignment.subject).named.id.hex();
  started.phase = phase;
  of_search_.show(started);
}

void ProofReporter::log(const dispatch::Assign& assignment, std::string_view bytes) {
  logs_.append(assignment.job, log_name(assignment.subject), assignment.attempt, bytes);
  of_search_.show(events::Output{assignment.job, std::string{bytes}});
}

std::pair<events::Mark, std::string> ProofReporter::mark(const dispatch::Ended& ended) const {
  using Fate = dispatch::Ended::Fate;
  if (ended.fate == Fate::retried || ended.fate == Fate::disturbed) return {events::Mark::retried, "retry"};
  if (ended.fate == Fate::late) return {events::Mark::late, "late"};
  const std::optional<search::Verdict> verdict = plan_.verdict(ended.subject);
  if (ended.fate != Fate::counted || !verdict) return {events::Mark::cancelled, "cancelled"};
  switch (*verdict) {
    case search::Verdict::good:
      return {events::Mark::passed, words_.good};
    case search::Verdict::bad:
      return {events::Mark::failed, words_.bad};
    case search::Verdict::skip:
      break;
  }
  return {events::Mark::skipped, "skip"};
}

void ProofReporter::ended(const dispatch::Ended& ended) {
  if (ended.attempt == 0) return;  // it never was
  using Fate = dispatch::Ended::Fate;
  const Named& named = item(ended.subject).named;
  events::JobEnded done = ended_as(ended, named, mark(ended));
  done.left = 1;
  done.log = logs_.close(ended.job, log_name(ended.subject), ended.attempt,
                         ended.fate == Fate::counted || ended.fate == Fate::retried);
  of_search_.show(done);
}

}  // namespace nmz::nmzbisect
