// Failed tests that run again to tell why (--classify): what such an execution is given, and what it says.
//
// What ran before a workload that is no runner's runs in the same execution, in front of it, so that both are at one
// worker: a shell gives it what it would have been given, hides what it says, and becomes the workload's command.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cpu_load.hpp"
#include "suite.hpp"

namespace nmz::nmzswarm {
namespace {

using schedule::Seen;
using schedule::Setting;
using Experiment = schedule::ClassifyPlan::Experiment;

/// For any POSIX shell, whatever is in it: nobody is to read it.
std::string literal(const std::string& word) {
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += R"('\'')";
    } else {
      text += c;
    }
  }
  return text + "'";
}

Classification::End end_of(runner::Verdict verdict) {
  using End = Classification::End;
  if (runner::is_skip(verdict)) return End::skipped;
  if (verdict == runner::Verdict::timed_out) return End::timed_out;
  return runner::is_failure(verdict) ? End::failed : End::passed;
}

}  // namespace

std::unique_ptr<schedule::WorkloadPlan> Suite::classified(std::unique_ptr<schedule::WorkloadPlan> plan) {
  if (options_.again.classify.most_runs == 0) return plan;
  Classification::Rules rules;
  rules.workers = workers_;
  if (runner_) rules.units = runner_->units(ids());
  if (const auto apart = constraints(options_.apart, ids()); apart && options_.apart.any()) {
    for (std::size_t i = 0; i < ids().size(); ++i) {
      rules.alone_only.push_back(apart->exclusive.at(i) || !apart->needs.at(i).empty());
    }
  }
  classification_ = std::make_unique<Classification>(options_.again.classify, std::move(rules), ids().size());
  auto around = classification_->around(
      std::move(plan),
      [this](dispatch::Subject subject, const job::Outcome& outcome) { return look(subject, outcome); });
  classification_->plan().on_begin([this] {
    if (classifying_) classifying_();
  });
  return around;
}

void Suite::note_end(dispatch::Subject subject, const job::Outcome& outcome) {
  using End = Classification::End;
  if (classification_ == nullptr || experiment(subject) != nullptr) return;
  const auto workloads = batches()->workloads(subject);
  if (groups_ != nullptr) {
    const auto& ends = runner_->ends(subject);
    for (std::size_t i = 0; i < std::min(ends.size(), workloads.size()); ++i) {
      if (ends[i]) classification_->ended(workloads[i], end_of(ends[i]->verdict));
    }
    return;
  }
  const job::Class meaning = job::classify(outcome);
  if (job::withdrawn(outcome)) return classification_->ended(workloads.front(), End::skipped);
  if (meaning == job::Class::infrastructure) return;
  classification_->ended(workloads.front(), meaning == job::Class::passed      ? End::passed
                                            : meaning == job::Class::timed_out ? End::timed_out
                                                                               : End::failed);
}

std::optional<Seen> Suite::look(dispatch::Subject subject, const job::Outcome& outcome) const {
  const Experiment& it = *experiment(subject);
  std::chrono::nanoseconds took = last_took_;
  bool passed = job::passed(outcome);
  if (runner_) {
    const auto& ends = runner_->ends(subject);
    if (ends.empty() || !ends.back() || runner::is_skip(ends.back()->verdict)) return std::nullopt;
    passed = !runner::is_failure(ends.back()->verdict);
    took = ends.back()->took;
  }
  if (!passed) return Seen::failed;
  // How long what stands in front of a workload took nobody has measured.
  const bool measured = runner_ != nullptr || it.before.empty();
  const std::chrono::nanoseconds limit = this->limit(subject);
  return it.more_time && measured && limit.count() > 0 && took > limit ? Seen::too_late : Seen::passed;
}

void Suite::finished(const dispatch::Assign& assignment, std::chrono::nanoseconds took) {
  last_took_ = took;
  const Experiment* const it = experiment(assignment.subject);
  if (it == nullptr || it->neighbour) return;
  if (runner_) {
    const auto& ends = runner_->ends(assignment.subject);
    if (!ends.empty() && ends.back()) took = ends.back()->took;
  } else if (!it->before.empty()) {
    took = std::chrono::nanoseconds{0};
  }
  classification_->took(it->workload, assignment.worker, took, limit(assignment.subject));
}

std::string Suite::experiment_name(const Experiment& experiment) const {
  const std::string& id = ids().at(experiment.workload);
  if (experiment.neighbour) return id + " (beside what is asked about)";
  return fmt::format("{} ({})", id, words_of(experiment.setting));
}

/// In front of the workload's command.
void Suite::put_before(const Experiment& experiment, wire::Run& run) const {
  std::string script;
  for (const schedule::Workload workload : experiment.before) {
    const std::string& id = ids().at(workload);
    if (id.find('\0') != std::string::npos) continue;
    const CommandTemplate::Filled filled = template_.fill(id, workload + std::size_t{1});
    std::vector<std::string> words{"env", "NMZ_WORKLOAD=" + id};
    words.insert(words.end(), filled.environment.begin(), filled.environment.end());
    words.insert(words.end(), filled.argv.begin(), filled.argv.end());
    const std::string input = template_.has_places() ? "" : "printf '%s\\n' " + literal(id) + " | ";
    script += input;
    for (const std::string& word : words) (script += literal(word)) += ' ';
    script += template_.has_places() ? " </dev/null >/dev/null 2>&1\n" : " >/dev/null 2>&1\n";
  }
  run.argv.insert(run.argv.begin(), {"/bin/sh", "-c", script + "exec \"$@\"\n", "sh"});
}

void Suite::give_experiment(const dispatch::Assign& assignment, wire::Run& run) {
  const Experiment& it = *experiment(assignment.subject);
  if (runner_) {
    std::vector<schedule::Workload> tests = it.before;
    tests.push_back(it.workload);
    give_tests(assignment, tests, run);
  } else {
    put_workloads(run, batches()->workloads(assignment.subject));
    if (!it.before.empty()) put_before(it, run);
  }
  if (it.setting == Setting::load) run.argv = beside_full_load(std::move(run.argv));
}

}  // namespace nmz::nmzswarm
