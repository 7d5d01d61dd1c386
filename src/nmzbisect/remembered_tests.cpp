#include "remembered_tests.hpp"

#include <algorithm>
#include <optional>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzbisect {

using dispatch::Subject;
using search::ManyCulpritsPlan;
using search::Said;

std::optional<TestMemory::Known> RememberedTests::find(search::TestNumber test, Subject commit) {
  const auto before = runs_.find({test, commit});
  return memory_.find(commit, tests_.id(test), before == runs_.end() ? 1 : before->second + 1);
}

/// Tells the runs which of an execution's tests are known; whether all are.
bool RememberedTests::look_up(Subject execution, Recalled& recalled) {
  if (plan_.task_of(execution) == ManyCulpritsPlan::Task::list || !memory_.knows_something()) return false;
  recalled.commit = plan_.commit_of(execution);
  std::vector<Said> said;
  for (const search::TestNumber test : plan_.tests_of(execution)) {
    const auto known = find(test, recalled.commit);
    said.push_back(known ? known->said : Said::nothing);
    if (!known) continue;
    own_ = own_ || known->own;
    if (recalled.said.empty() || known->said == Said::failed) recalled.known = *known;
    recalled.said.emplace_back(test, known->said);
  }
  tests_.recall(execution, std::move(said));
  return !recalled.said.empty() && recalled.said.size() == plan_.tests_of(execution).size();
}

/// What is known of all commits, of tests that are searched for from now on: what is chosen next is chosen with it.
void RememberedTests::learn_all() {
  if (!memory_.knows_something()) return;
  std::vector<search::TestNumber> tests;
  for (search::TestNumber test = 0; test < plan_.tests(); ++test) {
    if (plan_.searches_for(test) && learnt_.insert(test).second) tests.push_back(test);
  }
  for (Subject commit = 0; commit < graph_.bad_end() && !tests.empty(); ++commit) {
    if (graph_.role(commit) != search::Role::candidate) continue;
    Recalled recalled;
    recalled.commit = commit;
    std::vector<std::pair<search::TestNumber, Said>> said;
    for (const search::TestNumber test : tests) {
      if (runs_.contains({test, commit})) continue;
      const auto known = find(test, commit);
      if (!known) continue;
      own_ = own_ || known->own;
      if (said.empty() || known->said == Said::failed) recalled.known = *known;
      said.emplace_back(test, known->said);
    }
    recalled.said = plan_.learn_of(commit, said);
    for (const auto& [test, what] : recalled.said) runs_[{test, commit}] = 1;
    if (recalled.said.empty()) continue;
    news_ = true;
    told(std::move(recalled));
  }
}

void RememberedTests::told(Recalled recalled) {
  known_.push_back(std::move(recalled));
  if (told_) told_(known_.back());
}

/// What was not remembered is to be kept.
void RememberedTests::count(Subject execution) {
  const auto& answers = plan_.answers_of(execution);
  const auto tests = plan_.tests_of(execution);
  std::vector<Fresh> fresh;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] == Said::nothing) continue;
    const std::uint32_t number = ++runs_[{tests[i], plan_.commit_of(execution)}];
    if (!tests_.recalled(execution, i)) fresh.push_back({tests[i], number, answers[i]});
  }
  fresh_[execution] = std::move(fresh);
}

void RememberedTests::keep(Subject execution, const job::Outcome& outcome, const std::string& log) {
  const auto fresh = fresh_.extract(execution);
  if (fresh.empty() || outcome.disk_full) return;
  constexpr std::int32_t lowest_crash = 128;
  const bool not_built = outcome.kind == job::OutcomeKind::build_failed && outcome.code < lowest_crash;
  const bool came_to_its_end = outcome.kind == job::OutcomeKind::exited || not_built;
  for (const Fresh& one : fresh.mapped()) {
    const bool word = one.said == Said::passed || one.said == Said::failed;
    if (word || came_to_its_end) {
      memory_.keep(plan_.commit_of(execution), tests_.id(one.test), one.number, one.said, log);
    }
  }
}

std::vector<Subject> RememberedTests::next(std::size_t count_wanted) {
  while (!finished()) {
    std::vector<Subject> subjects = plan_.next(count_wanted);
    std::vector<std::pair<Subject, Recalled>> known;
    for (const Subject execution : subjects) {
      Recalled recalled;
      if (look_up(execution, recalled)) known.emplace_back(execution, std::move(recalled));
    }
    if (known.empty()) return subjects;
    std::erase_if(subjects, [&](Subject execution) {
      return std::ranges::find(known, execution, [](const auto& one) { return one.first; }) != known.end();
    });
    // The rest was chosen without knowing that. The last first: who keeps an order has them back in it.
    std::for_each(subjects.rbegin(), subjects.rend(), [this](Subject execution) { plan_.give_back(execution); });
    for (auto& [execution, recalled] : known) {
      job::Outcome outcome;
      outcome.kind = job::OutcomeKind::exited;
      outcome.watched = true;
      news_ = true;
      record(execution, outcome);
      fresh_.erase(execution);
      told(std::move(recalled));
    }
  }
  return {};
}

void RememberedTests::absorb() {
  if (!memory_.knows_something()) return;
  for (const Subject execution : next(1)) plan_.give_back(execution);
  news_ = false;
}

std::size_t RememberedTests::known() const {
  std::set<Subject> commits;
  for (const Recalled& one : known_) commits.insert(one.commit);
  return commits.size();
}

void RememberedTests::tell(Told told) {
  told_ = std::move(told);
  for (const Recalled& one : known_) told_(one);
}

void RememberedTests::record(Subject execution, const job::Outcome& outcome) {
  plan_.record(execution, outcome);
  count(execution);
  learn_all();
}

}  // namespace nmz::nmzbisect
