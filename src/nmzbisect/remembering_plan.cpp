#include "remembering_plan.hpp"

#include <algorithm>
#include <optional>

#include "nmz/output/local_time.hpp"

namespace nmz::nmzbisect {

using dispatch::Subject;

namespace {

job::Outcome outcome_of(const Remembered& known) {
  using history::Said;
  constexpr int skip = 125;
  job::Outcome outcome;
  outcome.kind = known.verdict.said == Said::not_built ? job::OutcomeKind::build_failed : job::OutcomeKind::exited;
  outcome.code = known.verdict.said == Said::passed ? 0 : known.verdict.said == Said::skipped ? skip : 1;
  outcome.watched = !known.doubtful;
  outcome.disk_tight = known.doubtful;
  outcome.detail = "known from " + output::local_minute(known.verdict.when);
  return outcome;
}

}  // namespace

void RememberingPlan::absorb(std::size_t workers) {
  for (const auto& [subject, remembered] : memory_.all()) {
    if (finished()) return;
    remember({subject, remembered}, &search::SearchPlan::learn);
  }
  const std::vector<Subject> subjects = next(workers);
  // The last first: who keeps an order has them back in it.
  std::for_each(subjects.rbegin(), subjects.rend(), [this](Subject subject) { give_back(subject); });
  news_ = false;
}

void RememberingPlan::tell(Told told) {
  told_ = std::move(told);
  for (const auto& [subject, remembered] : known_) told_(subject, remembered);
}

std::vector<Subject> RememberingPlan::next(std::size_t count) {
  memory_.look_around();
  while (!finished()) {
    std::vector<Subject> subjects = plan_.next(count);
    std::vector<Known> known;
    for (const Subject subject : subjects) {
      if (std::optional<Remembered> one = memory_.find(subject)) known.emplace_back(subject, std::move(*one));
    }
    if (known.empty()) {
      running_.insert(running_.end(), subjects.begin(), subjects.end());
      return subjects;
    }
    // The rest was chosen without knowing that.
    std::erase_if(subjects,
                  [&](Subject subject) { return std::ranges::find(known, subject, &Known::first) != known.end(); });
    std::for_each(subjects.rbegin(), subjects.rend(), [this](Subject subject) { plan_.give_back(subject); });
    for (const Known& one : known) {
      finished() ? plan_.give_back(one.first) : remember(one, &search::SearchPlan::record);
    }
  }
  return {};
}

void RememberingPlan::remember(const Known& known, Telling telling) {
  known_.push_back(known);
  used_others_ = used_others_ || !known.second.own;
  used_own_ = used_own_ || known.second.own;
  news_ = true;
  tell_plan(known.first, outcome_of(known.second), telling);
  if (told_) told_(known.first, known.second);
}

void RememberingPlan::tell_plan(Subject subject, const job::Outcome& outcome, Telling telling) {
  const bool certain = plan_.noisy() == nullptr;
  (plan_.*telling)(subject, outcome);
  const bool contradicts = certain && plan_.noisy() != nullptr;
  spoilt_ = spoilt_ || (contradicts && used_others_);
}

void RememberingPlan::record(Subject subject, const job::Outcome& outcome) {
  std::erase(running_, subject);
  tested_ = true;
  if (!spoilt_) tell_plan(subject, outcome, &search::SearchPlan::record);
}

void RememberingPlan::give_back(Subject subject) {
  std::erase(running_, subject);
  plan_.give_back(subject);
}

std::vector<Subject> RememberingPlan::pointless() const { return spoilt_ ? running_ : plan_.pointless(); }

}  // namespace nmz::nmzbisect
