#include "executions.hpp"

#include <cstdio>
#include <utility>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr std::size_t log_tail = std::size_t{16} << 10;

report::Verdict verdict_of(const dispatch::Ended& ended) {
  switch (ended.fate) {
    case dispatch::Ended::Fate::counted:
      return nmzswarm::verdict_of(ended.outcome);
    case dispatch::Ended::Fate::cancelled:
    case dispatch::Ended::Fate::spare:
      return report::Verdict::cancelled;
    case dispatch::Ended::Fate::retried:
    case dispatch::Ended::Fate::late:
    case dispatch::Ended::Fate::returned:
    case dispatch::Ended::Fate::disturbed:
      break;
  }
  return report::Verdict::lost;
}

}  // namespace

std::string tail_of_file(const std::string& path, std::size_t most, bool* cut) {
  if (cut != nullptr) *cut = false;
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  const bool longer = std::fseek(file, -static_cast<long>(most), SEEK_END) == 0 && std::ftell(file) > 0;
  if (!longer) std::rewind(file);
  std::string bytes(most, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  static_cast<void>(std::fclose(file));
  if (longer) bytes.erase(0, bytes.find('\n') + 1);
  if (cut != nullptr) *cut = longer;
  return bytes;
}

report::Verdict verdict_of(const job::Outcome& outcome) {
  switch (job::classify(outcome)) {
    case job::Class::passed:
      return report::Verdict::passed;
    case job::Class::failed:
    case job::Class::untestable:  // the workload's own fault, which its detail tells
      return report::Verdict::failed;
    case job::Class::timed_out:
      return report::Verdict::timed_out;
    case job::Class::infrastructure:
      break;
  }
  return report::Verdict::lost;
}

void Executions::ended(const dispatch::Ended& ended, const std::string& workload, std::uint64_t attempt,
                       const std::string& log, Seconds now) {
  const auto began = began_.find(ended.job);
  if (ended.fate == dispatch::Ended::Fate::late || began == began_.end()) return;
  report::Execution execution;
  execution.workload = workload;
  execution.attempt = static_cast<std::uint32_t>(attempt);
  execution.worker = static_cast<std::uint32_t>(ended.worker);
  if (const auto node = nodes_.find(ended.worker); node != nodes_.end()) execution.node = node->second;
  execution.verdict = verdict_of(ended);
  execution.detail = job::describe(ended.outcome);
  execution.start = began->second;
  // Of a lost one nobody measured how long it took.
  execution.took = ended.took.count() > 0 ? Seconds{ended.took} : now - began->second;
  execution.log_path = log;
  all_.push_back(std::move(execution));
  began_.erase(began);
}

void Executions::not_run(const std::string& workload) {
  report::Execution execution;
  execution.workload = workload;
  all_.push_back(std::move(execution));
}

void Executions::known_before(const std::string& workload, std::string_view result) {
  report::Execution execution;
  execution.workload = workload;
  execution.earlier = true;
  execution.detail = std::string{result} + ", in the run that this one goes on with";
  execution.verdict = result == "passed"      ? report::Verdict::passed
                      : result == "flaky"     ? report::Verdict::flaky
                      : result == "timed-out" ? report::Verdict::timed_out
                      : result == "failed"    ? report::Verdict::failed
                                              : report::Verdict::lost;
  all_.push_back(std::move(execution));
}

void Executions::read_log_tails() {
  for (report::Execution& one : all_) {
    const bool failure = one.verdict == report::Verdict::failed || one.verdict == report::Verdict::timed_out;
    if (failure) one.log_tail = tail_of_file(one.log_path, log_tail);
  }
}

}  // namespace nmz::nmzswarm
