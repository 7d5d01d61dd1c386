#include "nmz/schedule/classify_plan.hpp"

#include <algorithm>
#include <utility>

namespace nmz::schedule {

ClassifyPlan::ClassifyPlan(std::unique_ptr<WorkloadPlan> plan, ClassifyOptions options, Failures failures,
                           Neighbours neighbours, Look look)
    : plan_{std::move(plan)},
      options_{options},
      failures_{std::move(failures)},
      ask_neighbours_{std::move(neighbours)},
      look_{std::move(look)} {}

const ClassifyPlan::Experiment* ClassifyPlan::experiment(dispatch::Subject subject) const {
  if (subject < first_experiment || subject - first_experiment >= experiments_.size()) return nullptr;
  return &experiments_[subject - first_experiment];
}

bool ClassifyPlan::time_is_up() const { return options_.time.count() > 0 && now_ - since_ >= options_.time; }

bool ClassifyPlan::may_have_neighbours() const { return options_.workers > 1 && !serial_; }

void ClassifyPlan::begin() {
  began_ = true;
  since_ = now_;
  std::vector<FailedTest> failed = failures_();
  neighbours_ = ask_neighbours_();
  for (FailedTest& test : failed) {
    Settings settings;
    settings.add(Setting::alone);
    settings.add(Setting::load);
    if (!test.before.empty()) settings.add(Setting::after);
    const bool company = !neighbours_.empty() || failed.size() > 1;
    if (may_have_neighbours() && company && !test.alone_only) settings.add(Setting::beside);
    const Diagnosis diagnosis{settings, options_.most_runs};
    asked_.emplace_back(std::move(test), diagnosis);
  }
  if (!asked_.empty() && begins_) begins_();
}

std::optional<Setting> ClassifyPlan::wanted(const Asked& one, bool company) const {
  if (one.done) return std::nullopt;
  if (company) return one.diagnosis.next();
  Diagnosis by_itself = one.diagnosis;
  by_itself.remove(Setting::beside);
  return by_itself.next();
}

/// Whose turn it is, and how.
std::optional<ClassifyPlan::Choice> ClassifyPlan::choose(bool company) const {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    const std::size_t at = (turn_ + i) % asked_.size();
    if (const auto setting = wanted(asked_[at], company)) return Choice{at, *setting};
  }
  return std::nullopt;
}

bool ClassifyPlan::has_company(std::size_t free) const {
  if (free < 2 || options_.workers < 2) return false;
  const auto wants = [this](const Asked& one) { return wanted(one, true) == Setting::beside; };
  return !neighbours_.empty() || std::ranges::count_if(asked_, wants) > 1;
}

bool ClassifyPlan::is_asked_about() const {
  return std::ranges::any_of(running_, [this](dispatch::Subject one) { return !experiment(one)->neighbour; });
}

dispatch::Subject ClassifyPlan::add(Experiment experiment) {
  experiments_.push_back(std::move(experiment));
  const auto subject = static_cast<dispatch::Subject>(first_experiment + experiments_.size() - 1);
  running_.insert(subject);
  return subject;
}

dispatch::Subject ClassifyPlan::try_in(Asked& one, Setting setting) {
  std::optional<dispatch::Subject>& known = one.subjects.at(static_cast<std::size_t>(setting));
  ++one.begun;
  if (known) {
    experiments_.at(*known - first_experiment).number = one.begun;
    running_.insert(*known);
    return *known;
  }
  Experiment experiment;
  experiment.workload = one.test.workload;
  experiment.setting = setting;
  experiment.more_time = one.test.timed_out;
  experiment.number = one.begun;
  if (setting == Setting::after) experiment.before = one.test.before;
  known = add(std::move(experiment));
  return *known;
}

dispatch::Subject ClassifyPlan::neighbour() {
  Experiment experiment;
  experiment.workload = neighbours_.at(next_neighbour_++ % neighbours_.size());
  experiment.setting = Setting::beside;
  experiment.neighbour = true;
  experiment.number = ++neighbours_begun_;
  return add(std::move(experiment));
}

/// From `first` on, those that are to be tried beside others, and neighbours on the other workers.
std::vector<dispatch::Subject> ClassifyPlan::together(std::size_t first, std::size_t count) {
  std::vector<dispatch::Subject> subjects;
  for (std::size_t i = 0; i < asked_.size() && subjects.size() < count; ++i) {
    Asked& one = asked_[(first + i) % asked_.size()];
    if (wanted(one, true) == Setting::beside) subjects.push_back(try_in(one, Setting::beside));
  }
  while (subjects.size() < count && !neighbours_.empty()) subjects.push_back(neighbour());
  return subjects;
}

std::vector<dispatch::Subject> ClassifyPlan::next(std::size_t count) {
  std::vector<dispatch::Subject> subjects;
  if (!plan_->finished()) {
    subjects = plan_->next(count);
    suite_running_.insert(subjects.begin(), subjects.end());
    return subjects;
  }
  if (count == 0 || !suite_running_.empty()) return subjects;
  if (!began_) begin();
  if (!running_.empty()) {
    // Whoever is free while a test is tried beside others gets one of these.
    const bool company = experiment(*running_.begin())->setting == Setting::beside && is_asked_about();
    while (company && !neighbours_.empty() && subjects.size() < count && running_.size() < options_.workers) {
      subjects.push_back(neighbour());
    }
    return subjects;
  }
  if (time_is_up()) return subjects;
  const auto choice = choose(has_company(count));
  if (!choice) {
    // What is wanted at most is company, and there is none.
    for (Asked& one : asked_) one.diagnosis.remove(Setting::beside);
    return subjects;
  }
  turn_ = choice->asked + 1;
  if (choice->setting == Setting::beside) return together(choice->asked, std::min(count, options_.workers));
  return {try_in(asked_[choice->asked], choice->setting)};
}

void ClassifyPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  const Experiment* const it = experiment(subject);
  if (it == nullptr) {
    plan_->record(subject, outcome);
    suite_running_.erase(subject);
    if (plan_->finished() && suite_running_.empty() && !began_) begin();
    return;
  }
  if (running_.erase(subject) == 0 || it->neighbour) return;
  const job::Class meaning = job::classify(outcome);
  const bool verdict = meaning == job::Class::passed || job::is_failure(meaning);
  const std::optional<Seen> seen = verdict ? look_(subject, outcome) : std::nullopt;
  const auto asked = std::ranges::find(asked_, it->workload, [](const Asked& one) { return one.test.workload; });
  if (!seen) return lose(it->workload);
  asked->diagnosis.record(it->setting, *seen);
}

void ClassifyPlan::lose(Workload workload) {
  const auto asked = std::ranges::find(asked_, workload, [](const Asked& one) { return one.test.workload; });
  asked->done = ++asked->lost >= options_.most_lost;
}

/// It will be tried again, if that is wanted then.
void ClassifyPlan::give_back(dispatch::Subject subject) {
  if (const Experiment* const it = experiment(subject); it != nullptr) {
    if (running_.erase(subject) > 0 && !it->neighbour) lose(it->workload);
    return;
  }
  suite_running_.erase(subject);
  plan_->give_back(subject);
}

/// Neighbours, when there is nobody left to run beside.
std::vector<dispatch::Subject> ClassifyPlan::pointless() const {
  std::vector<dispatch::Subject> subjects = plan_->pointless();
  if (!is_asked_about()) subjects.insert(subjects.end(), running_.begin(), running_.end());
  return subjects;
}

void ClassifyPlan::serialise() {
  serial_ = true;
  plan_->serialise();
  for (Asked& one : asked_) one.diagnosis.remove(Setting::beside);
}

void ClassifyPlan::work_with(std::size_t workers) {
  options_.workers = workers;
  plan_->work_with(workers);
}

bool ClassifyPlan::finished() const {
  if (!plan_->finished() || !began_ || !running_.empty() || !suite_running_.empty()) return false;
  return time_is_up() ||
         std::ranges::none_of(asked_, [this](const Asked& one) { return wanted(one, true).has_value(); });
}

std::span<const Workload> ClassifyPlan::workloads(dispatch::Subject subject) const {
  const Experiment* const it = experiment(subject);
  return it == nullptr ? plan_->workloads(subject) : std::span<const Workload>{&it->workload, 1};
}

bool ClassifyPlan::runs_again(dispatch::Subject subject) const {
  return experiment(subject) == nullptr && plan_->runs_again(subject);
}

std::uint32_t ClassifyPlan::failures_before(dispatch::Subject subject) const {
  return experiment(subject) == nullptr ? plan_->failures_before(subject) : 1;
}

}  // namespace nmz::schedule
