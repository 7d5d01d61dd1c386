#include "classification.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "nmz/report/rate.hpp"
#include "nmz/view/text.hpp"

namespace nmz::nmzswarm {
namespace {

using schedule::FailureKind;
using schedule::Setting;
using schedule::Workload;

constexpr std::array settings{Setting::alone, Setting::beside, Setting::load, Setting::after};

/// Of the tests in its process before it: what one leaves behind is rarely found further away, and all of them cost.
constexpr std::size_t most_before = 50;

/// "beside others and under CPU load".
std::string failing_settings(const schedule::Diagnosis& diagnosis) {
  std::string text;
  for (const Setting setting : settings) {
    if (setting == Setting::alone || diagnosis.trials(setting).failures == 0) continue;
    text += (text.empty() ? "" : " and ") + std::string{words_of(setting)};
  }
  return text;
}

std::string sentence(FailureKind kind, const events::ClassifiedTest& told, const schedule::Diagnosis& diagnosis) {
  switch (kind) {
    case FailureKind::undecided:
      return told.lost > 0 ? "its repetitions were lost" : "there was no time to repeat it";
    case FailureKind::genuine:
      return "it fails always, in every setting";
    case FailureKind::flaky:
      return std::ranges::all_of(told.settings, [](const auto& one) { return one.failures == 0; })
                 ? "it did not fail again"
                 : "it fails now and then, and no setting makes the difference";
    case FailureKind::contention:
      return "it fails " + failing_settings(diagnosis) + ", and hardly ever alone";
    case FailureKind::time_limit:
      return fmt::format("it passes when it has more time: it took up to {}, and its limit is {}",
                         view::duration(told.longest), view::duration(told.limit));
    case FailureKind::order_dependent:
      break;
  }
  return "it fails after " + told.before + ", and hardly ever without";
}

}  // namespace

const char* words_of(Setting setting) {
  constexpr std::array words{"alone", "beside others", "under CPU load", "after what ran before it"};
  return words.at(static_cast<std::size_t>(setting));
}

const char* word_of(FailureKind kind) {
  constexpr std::array words{"undecided", "genuine", "flaky", "contention", "time-limit", "order-dependent"};
  return words.at(static_cast<std::size_t>(kind));
}

Classification::Classification(const ClassifyChoice& choice, Rules rules, std::size_t workloads)
    : choice_{choice}, rules_{std::move(rules)}, known_(workloads) {}

bool Classification::share(Workload one, Workload other) const {
  return rules_.units.empty() || rules_.units.at(one) == rules_.units.at(other);
}

void Classification::begins(job::WorkerId worker, std::span<const Workload> workloads) {
  const Workload first = workloads.front();
  known_.at(first).just_before.clear();
  if (const auto last = last_.find(worker);
      last != last_.end() && last->second != first && share(last->second, first)) {
    known_.at(first).just_before = {last->second};
  }
  for (std::size_t i = 1; i < workloads.size(); ++i) {
    const auto before = workloads.subspan(i - std::min(i, most_before), std::min(i, most_before));
    known_.at(workloads[i]).just_before.assign(before.begin(), before.end());
  }
  last_[worker] = workloads.back();
}

void Classification::ended(Workload workload, End end) {
  Known& it = known_.at(workload);
  it.end = end;
  it.ended = true;
  if (end != End::failed && end != End::timed_out) return;
  it.failed = true;
  it.timed_out = end == End::timed_out;
  it.before = it.just_before;
}

std::vector<schedule::FailedTest> Classification::failures() const {
  std::vector<schedule::FailedTest> failures;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (!known_[i].failed) continue;
    schedule::FailedTest test;
    test.workload = static_cast<Workload>(i);
    test.timed_out = known_[i].timed_out;
    test.alone_only = !rules_.alone_only.empty() && rules_.alone_only.at(i);
    test.before = known_[i].before;
    failures.push_back(std::move(test));
  }
  return failures;
}

std::unique_ptr<schedule::WorkloadPlan> Classification::around(std::unique_ptr<schedule::WorkloadPlan> plan,
                                                               schedule::ClassifyPlan::Look look) {
  schedule::ClassifyOptions options;
  options.workers = rules_.workers;
  options.most_runs = choice_.most_runs;
  options.time = choice_.time;
  const auto neighbours = [this] {
    std::vector<Workload> some;
    for (std::size_t i = 0; i < known_.size(); ++i) {
      const bool alone = !rules_.alone_only.empty() && rules_.alone_only[i];
      const bool passed = known_[i].ended && known_[i].end == End::passed && !known_[i].failed;
      if (passed && !alone) some.push_back(static_cast<Workload>(i));
    }
    return some;
  };
  const auto failed = [this] { return failures(); };
  auto around = std::make_unique<schedule::ClassifyPlan>(std::move(plan), options, failed, neighbours, std::move(look));
  plan_ = around.get();
  return around;
}

void Classification::took(Workload workload, job::WorkerId worker, std::chrono::nanoseconds time,
                          std::chrono::nanoseconds limit) {
  Known& it = known_.at(workload);
  it.workers.insert(worker);
  it.longest = std::max(it.longest, time);
  it.limit = limit;
}

std::vector<events::ClassifiedTest> Classification::told(const std::vector<std::string>& ids) const {
  std::vector<events::ClassifiedTest> all;
  if (plan_ == nullptr) return all;
  for (const schedule::ClassifyPlan::Asked& asked : plan_->asked()) {
    const Known& known = known_.at(asked.test.workload);
    events::ClassifiedTest one;
    one.name = ids.at(asked.test.workload);
    one.confidence = asked.diagnosis.confidence();
    one.runs = asked.diagnosis.runs();
    one.lost = asked.lost;
    one.workers = static_cast<std::uint32_t>(known.workers.size());
    one.longest = known.longest;
    one.limit = known.limit;
    if (const auto& before = asked.test.before; !before.empty()) {
      one.before = ids.at(before.back());
      if (before.size() > 1) one.before = fmt::format("{} tests, the last of them {}", before.size(), one.before);
    }
    for (const Setting setting : settings) {
      const schedule::Trials& trials = asked.diagnosis.trials(setting);
      if (trials.runs == 0) continue;
      const report::Interval interval = report::wilson_interval(trials.failures, trials.runs);
      events::SettingTried tried;
      tried.setting = words_of(setting);
      tried.runs = trials.runs;
      tried.failures = trials.failures;
      tried.too_late = trials.too_late;
      tried.low = interval.low;
      tried.high = trials.failures == 0 ? report::rate_bound_without_failure(trials.runs) : interval.high;
      tried.rate = report::rate_text(trials.failures, trials.runs);
      one.settings.push_back(std::move(tried));
    }
    const FailureKind kind = asked.diagnosis.kind();
    one.kind = word_of(kind);
    one.why = sentence(kind, one, asked.diagnosis);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace nmz::nmzswarm
