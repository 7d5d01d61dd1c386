#include "nmz/report/executions.hpp"

#include <cstddef>
#include <map>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "nmz/files/tail.hpp"

namespace nmz::report {
namespace {

constexpr std::size_t log_tail = std::size_t{16} << 10;

Verdict verdict_of(job::Class outcome) {
  switch (outcome) {
    case job::Class::passed:
      return Verdict::passed;
    case job::Class::failed:
    case job::Class::untestable:  // the workload's own fault, which its detail tells
      return Verdict::failed;
    case job::Class::timed_out:
      return Verdict::timed_out;
    case job::Class::infrastructure:
      break;
  }
  return Verdict::lost;
}

/// A failure that does not count yet is one all the same. `late`: of two copies the one that was not needed.
Verdict verdict_of(const events::JobEnded& event) {
  const bool pointless = event.mark == events::Mark::cancelled || event.mark == events::Mark::late;
  if (event.mark == events::Mark::skipped) return Verdict::skipped;
  const bool withdrawn = event.mark == events::Mark::repeated && event.outcome == job::Class::infrastructure;
  return pointless || withdrawn ? Verdict::cancelled : verdict_of(event.outcome);
}

}  // namespace

void Executions::show(const events::Event& event, events::Seconds now) {
  if (const auto* const ready = std::get_if<events::WorkerReady>(&event)) nodes_[ready->worker] = ready->node;
  if (const auto* const assigned = std::get_if<events::JobAssigned>(&event)) began_[assigned->job] = now;
  // It may have waited at its worker since it was assigned.
  if (const auto* const started = std::get_if<events::PhaseStarted>(&event)) began_[started->job] = now;
  if (const auto* const returned = std::get_if<events::JobReturned>(&event)) began_.erase(returned->job);
  if (const auto* const done = std::get_if<events::JobEnded>(&event)) ended(*done, now);
}

/// The end of an execution whose end is known already is ignored.
void Executions::ended(const events::JobEnded& event, events::Seconds now) {
  const auto began = began_.find(event.job);
  if (began == began_.end()) return;
  Execution execution;
  execution.workload = event.workload;
  execution.attempt = static_cast<std::uint32_t>(event.run);
  execution.worker = static_cast<std::uint32_t>(event.worker);
  if (const auto node = nodes_.find(event.worker); node != nodes_.end()) execution.node = node->second;
  execution.verdict = verdict_of(event);
  execution.detail = event.detail;
  execution.repeated = event.mark == events::Mark::repeated;
  execution.start = began->second;
  // Of a lost one nobody measured how long it took.
  execution.took = event.took.count() > 0 || event.more > 0 ? event.took : now - began->second;
  execution.log_path = event.log;
  // Tests that share a process run one after the other.
  began->second += event.took;
  if (event.more == 0) began_.erase(began);
  all_.push_back(std::move(execution));
}

void Executions::not_run(const std::string& workload) {
  Execution execution;
  execution.workload = workload;
  all_.push_back(std::move(execution));
}

void Executions::known_before(const std::string& workload, std::string_view result) {
  Execution execution;
  execution.workload = workload;
  execution.earlier = true;
  execution.detail = std::string{result} + ", in the run that this one goes on with";
  execution.verdict = result == "passed"      ? Verdict::passed
                      : result == "flaky"     ? Verdict::flaky
                      : result == "skipped"   ? Verdict::skipped
                      : result == "timed-out" ? Verdict::timed_out
                      : result == "failed"    ? Verdict::failed
                                              : Verdict::lost;
  all_.push_back(std::move(execution));
}

void Executions::classified(const std::vector<events::ClassifiedTest>& tests) {
  std::map<std::string_view, const events::ClassifiedTest*> by_name;
  for (const events::ClassifiedTest& one : tests) by_name.emplace(one.name, &one);
  for (Execution& one : all_) {
    const auto found = by_name.find(one.workload);
    if (found == by_name.end() || one.repeated) continue;
    const events::ClassifiedTest& test = *found->second;
    one.properties = {{"nmz.kind", test.kind},
                      {"nmz.why", test.why},
                      {"nmz.confidence", fmt::format("{:.3f}", test.confidence)},
                      {"nmz.repetitions", std::to_string(test.runs)}};
    for (const events::SettingTried& tried : test.settings) {
      one.properties.emplace_back("nmz.failed " + tried.setting, tried.rate);
    }
  }
}

void Executions::read_log_tails() {
  for (Execution& one : all_) {
    if (one.repeated) continue;
    const bool failure = one.verdict == Verdict::failed || one.verdict == Verdict::timed_out;
    if (failure) one.log_tail = files::tail_of_file(one.log_path, log_tail);
  }
}

}  // namespace nmz::report
