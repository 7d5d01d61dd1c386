// What executions said, and what becomes of each test by it.
#include <algorithm>
#include <utility>

#include "nmz/search/many_culprits_plan.hpp"

namespace nmz::search {
namespace {

/// So many executions of one commit that say nothing about any test, before one has said something, and no further one
/// is tried there.
constexpr std::uint32_t most_silent = 6;

/// The runner came to its end, and was not brought down by a test.
bool ended_well(const job::Outcome& outcome) {
  constexpr std::int32_t signals = 128;
  return outcome.kind == job::OutcomeKind::exited && outcome.code < signals;
}

/// By node, whether it is the node or descends from it.
std::vector<bool> descendants(const CommitGraph& graph, Node node) {
  std::vector<bool> below(graph.size());
  below[node] = true;
  for (Node one = node + 1; one < graph.size(); ++one) {
    below[one] = std::ranges::any_of(graph.parents(one), [&](Node parent) { return below[parent]; });
  }
  return below;
}

}  // namespace

void ManyCulpritsPlan::record(dispatch::Subject subject, const job::Outcome& outcome) {
  if (!executions_[subject].running) return;
  if (outcome.kind == job::OutcomeKind::cancelled) return give_back(subject);
  executions_[subject].running = false;
  executions_[subject].open = false;
  if (finished()) return;
  const Execution execution = executions_[subject];  // others are added meanwhile
  if (execution.task == Task::list && execution.tests.empty()) return take_list(execution, subject);
  const std::vector<Said> answers = heard(subject, outcome);
  executions_[subject].answers = answers;
  std::vector<TestNumber> silent;
  std::vector<std::pair<TestNumber, Said>> said;
  for (std::size_t i = 0; i < execution.tests.size(); ++i) {
    if (answers[i] == Said::nothing) {
      silent.push_back(execution.tests[i]);
    } else {
      said.emplace_back(execution.tests[i], answers[i]);
    }
  }
  if (!said.empty()) heard_.insert(execution.commit);
  if (!silent.empty()) follow_up(subject, silent, !said.empty(), outcome);
  take(execution.commit, said);
}

void ManyCulpritsPlan::take_list(const Execution& execution, dispatch::Subject subject) {
  options_.tests = questions_.listed(subject);
  without_list_ = !options_.tests;
  if (without_list_) return;
  tests_.resize(*options_.tests);
  std::vector<TestNumber> all(tests_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<TestNumber>(i);
  enqueue(execution.commit, all);
}

std::vector<Said> ManyCulpritsPlan::heard(dispatch::Subject subject, const job::Outcome& outcome) const {
  const Execution& execution = executions_[subject];
  const job::Class means = job::classify(outcome);
  if (means == job::Class::untestable || means == job::Class::infrastructure) {
    std::vector<Said> nowhere(execution.tests.size(), Said::untestable);
    return nowhere;
  }
  std::vector<Said> answers = questions_.answers(subject);
  answers.resize(execution.tests.size(), Said::nothing);
  return answers;
}

/// A runner that came to its end has not found them: the commit's list tells whether they are there. One that did not
/// is tried again without those that it told about; where it told nothing, in halves.
void ManyCulpritsPlan::follow_up(dispatch::Subject subject, const std::vector<TestNumber>& silent, bool answered,
                                 const job::Outcome& outcome) {
  const Execution execution = executions_[subject];
  const dispatch::Subject commit = execution.commit;
  std::set<TestNumber>& there = known_there_[commit];
  if (execution.task == Task::list) {
    there.insert(silent.begin(), silent.end());
    return enqueue(commit, silent);
  }
  const bool known = std::ranges::all_of(silent, [&](TestNumber test) { return there.contains(test); });
  if (ended_well(outcome) && !known) {
    queue_.push_front(add(Task::list, commit, silent, false));
    return;
  }
  const bool hopeless = !answered && !heard_.contains(commit) && ++silent_[commit] >= most_silent;
  if (hopeless || (!answered && silent.size() == 1)) {
    std::vector<std::pair<TestNumber, Said>> said;
    said.reserve(silent.size());
    for (const TestNumber test : silent) said.emplace_back(test, Said::untestable);
    return take(commit, said);
  }
  if (answered) return enqueue(commit, silent);
  const auto middle = silent.begin() + static_cast<std::ptrdiff_t>(silent.size() / 2);
  enqueue(commit, {silent.begin(), middle});
  enqueue(commit, {middle, silent.end()});
}

std::optional<Verdict> ManyCulpritsPlan::verdict(TestNumber test, Said said) const {
  switch (said) {
    case Said::passed:
      return Verdict::good;
    case Said::failed:
      return Verdict::bad;
    case Said::absent:
      return tests_[test].added_later ? Verdict::good : Verdict::skip;
    case Said::untestable:
      return Verdict::skip;
    case Said::nothing:
      break;
  }
  return std::nullopt;
}

std::vector<std::pair<TestNumber, Said>> ManyCulpritsPlan::learn_of(
    dispatch::Subject commit, const std::vector<std::pair<TestNumber, Said>>& said) {
  std::vector<std::pair<TestNumber, Said>> news;
  for (const auto& one : said) {
    const bool fresh = searches_for(one.first) && !tests_.at(one.first).said.contains(commit);
    if (fresh && one.second != Said::nothing) news.push_back(one);
  }
  if (!news.empty()) take(commit, news);
  return news;
}

void ManyCulpritsPlan::take(dispatch::Subject commit, const std::vector<std::pair<TestNumber, Said>>& said) {
  std::map<TestNumber, Verdict> verdicts;
  for (const auto& [test, what] : said) {
    State& state = tests_[test];
    if (state.stage == Stage::confirming) {
      confirm(test, commit, what);
      continue;
    }
    if (state.stage == Stage::decided) continue;
    state.said[commit] = what;
    if (state.stage == Stage::ends) {
      judge_ends(test);
    } else if (const auto means = verdict(test, what); means && commit < graph_->size()) {
      verdicts.emplace(test, *means);
    }
  }
  if (!verdicts.empty()) learn(commit, verdicts);
  go_on_from_ends();
}

// ---- the ends

void ManyCulpritsPlan::judge_ends(TestNumber test) {
  State& state = tests_[test];
  const auto at_bad = state.said.find(graph_->bad_end());
  if (at_bad == state.said.end()) return;
  Fate fate;
  switch (at_bad->second) {
    case Said::nothing:
    case Said::untestable:
      fate.kind = Fate::Kind::untestable;
      return decide(test, fate);
    case Said::absent:
      fate.kind = Fate::Kind::absent;
      return decide(test, fate);
    case Said::passed:
    case Said::failed:
      break;
  }
  const bool fails = at_bad->second == Said::failed;
  const auto failing =
      std::ranges::find_if(good_ends_, [&](dispatch::Subject end) { return said(test, end) == Said::failed; });
  if (failing != good_ends_.end()) {
    fate.kind = fails ? Fate::Kind::old : Fate::Kind::fixed;
    fate.bad = *failing;
    return decide(test, fate);
  }
  const bool all_said =
      std::ranges::all_of(good_ends_, [&](dispatch::Subject end) { return said(test, end).has_value(); });
  if (fails || (given_ && !all_said)) return;
  fate.kind = Fate::Kind::passes;
  decide(test, fate);
}

/// All tests together: those that share a culprit are to share their executions.
void ManyCulpritsPlan::go_on_from_ends() {
  std::vector<TestNumber> left;
  for (TestNumber test = 0; test < tests_.size(); ++test) {
    if (tests_[test].stage == Stage::ends) left.push_back(test);
  }
  const bool heard_of_bad =
      std::ranges::all_of(left, [&](TestNumber test) { return said(test, graph_->bad_end()).has_value(); });
  if (left.empty() || !heard_of_bad) return;
  if (!ends_asked_) {
    ends_asked_ = true;
    if (options_.trust_ends) return admit();
    for (const dispatch::Subject end : good_ends_) enqueue(end, left);
  }
  const bool all_said = std::ranges::all_of(left, [&](TestNumber test) {
    return std::ranges::all_of(good_ends_, [&](dispatch::Subject end) { return said(test, end).has_value(); });
  });
  if (all_said) admit();
}

void ManyCulpritsPlan::admit() {
  SearchOptions options;
  options.trust_ends = true;
  Group group{{}, Search{*graph_, options}, {}};
  for (const Node node : options_.skipped) {
    group.seen.emplace(node, Verdict::skip);
    group.search.record(node, Verdict::skip);
  }
  for (TestNumber test = 0; test < tests_.size(); ++test) {
    State& state = tests_[test];
    if (state.stage != Stage::ends) continue;
    state.stage = Stage::searching;
    state.added_later =
        !options_.trust_ends && !good_ends_.empty() &&
        std::ranges::all_of(good_ends_, [&](dispatch::Subject end) { return said(test, end) == Said::absent; });
    group.tests.push_back(test);
  }
  if (group.tests.empty()) return;
  groups_.push_back(std::move(group));
  conclude_groups();
}

// ---- the search

void ManyCulpritsPlan::learn(Node commit, const std::map<TestNumber, Verdict>& verdicts) {
  std::vector<Group> groups;
  for (Group& group : groups_) {
    std::map<std::optional<Verdict>, std::vector<TestNumber>> parts;
    for (const TestNumber test : group.tests) {
      const auto found = verdicts.find(test);
      parts[found == verdicts.end() ? std::nullopt : std::optional{found->second}].push_back(test);
    }
    for (auto& [means, tests] : parts) {
      Group part{group.seen, group.search, std::move(tests)};
      if (means) {
        part.seen.insert_or_assign(commit, *means);
        part.search.record(commit, *means);
      }
      groups.push_back(std::move(part));
    }
  }
  groups_ = std::move(groups);
  merge_groups();
  conclude_groups();
}

/// Those whose verdicts have come one after the other.
void ManyCulpritsPlan::merge_groups() {
  std::vector<Group> merged;
  for (Group& group : groups_) {
    const auto same = std::ranges::find(merged, group.seen, &Group::seen);
    if (same == merged.end()) {
      merged.push_back(std::move(group));
      continue;
    }
    same->tests.insert(same->tests.end(), group.tests.begin(), group.tests.end());
    std::ranges::sort(same->tests);
  }
  groups_ = std::move(merged);
}

void ManyCulpritsPlan::conclude_groups() {
  std::erase_if(groups_, [this](const Group& group) {
    const Conclusion conclusion = group.search.conclusion();
    if (conclusion.kind == Conclusion::Kind::undecided) return false;
    conclude(group, conclusion);
    return true;
  });
}

void ManyCulpritsPlan::conclude(const Group& group, const Conclusion& conclusion) {
  for (const TestNumber test : group.tests) {
    State& state = tests_[test];
    state.fate.suspects = conclusion.suspects;
    switch (conclusion.kind) {
      case Conclusion::Kind::found:
        settle_found(test);
        break;
      case Conclusion::Kind::only_skipped:
        state.fate.kind = Fate::Kind::only_skipped;
        state.stage = Stage::decided;
        break;
      case Conclusion::Kind::undecided:
      case Conclusion::Kind::good_end_is_bad:
      case Conclusion::Kind::bad_end_is_good:
      case Conclusion::Kind::contradiction:
        blame_contradiction(test);
    }
  }
}

/// Beyond commits that only connect others.
std::vector<Node> ManyCulpritsPlan::testable_parents(Node node) const {
  std::vector<Node> found;
  std::vector<Node> open{graph_->parents(node).begin(), graph_->parents(node).end()};
  std::set<Node> seen;
  while (!open.empty()) {
    const Node one = open.back();
    open.pop_back();
    if (!seen.insert(one).second) continue;
    if (graph_->role(one) != Role::passage) {
      found.push_back(one);
    } else {
      open.insert(open.end(), graph_->parents(one).begin(), graph_->parents(one).end());
    }
  }
  return found;
}

/// What was tested is tested again; where a parent's verdict was only implied, for the first time.
void ManyCulpritsPlan::settle_found(TestNumber test) {
  State& state = tests_[test];
  const Node culprit = state.fate.suspects.front().node;
  if (options_.confirm) {
    state.stage = Stage::confirming;
    state.unconfirmed.insert(culprit);
    for (const Node parent : testable_parents(culprit)) {
      if (said(test, parent) != Said::untestable) state.unconfirmed.insert(parent);
    }
    for (const Node skipped : options_.skipped) state.unconfirmed.erase(skipped);
  }
  if (state.unconfirmed.empty()) name_found(test);
}

/// A test that was added later fails since then where no parent of the culprit has it.
void ManyCulpritsPlan::name_found(TestNumber test) {
  State& state = tests_[test];
  const std::vector<Node> parents = testable_parents(state.fate.suspects.front().node);
  const auto says = [&](Said what) {
    return std::ranges::any_of(parents, [&](Node parent) { return said(test, parent) == what; });
  };
  const bool added = state.added_later && says(Said::absent) && !says(Said::passed);
  state.fate.kind = added ? Fate::Kind::since_added : Fate::Kind::found;
  state.stage = Stage::decided;
}

void ManyCulpritsPlan::confirm(TestNumber test, dispatch::Subject commit, Said said) {
  State& state = tests_[test];
  if (state.unconfirmed.erase(commit) == 0) return;
  const bool culprit = commit == state.fate.suspects.front().node;
  if (said == (culprit ? Said::passed : Said::failed)) {
    Fate flaky;
    flaky.kind = Fate::Kind::flaky;
    flaky.bad = commit;
    flaky.good = commit;
    return decide(test, flaky);
  }
  state.said.emplace(commit, said);
  if (state.unconfirmed.empty()) name_found(test);
}

void ManyCulpritsPlan::decide(TestNumber test, Fate fate) {
  State& state = tests_[test];
  state.fate = std::move(fate);
  state.stage = Stage::decided;
}

void ManyCulpritsPlan::blame_contradiction(TestNumber test) {
  const State& state = tests_[test];
  Fate fate;
  fate.kind = Fate::Kind::no_single_commit;
  for (const auto& [bad, of_bad] : state.said) {
    if (of_bad != Said::failed || bad >= graph_->size()) continue;
    fate.bad = bad;
    const std::vector<bool> below = descendants(*graph_, bad);
    for (const auto& [good, of_good] : state.said) {
      if (of_good != Said::passed || good >= graph_->size() || !below[good]) continue;
      fate.kind = Fate::Kind::flaky;
      fate.good = good;
      return decide(test, fate);
    }
  }
  decide(test, fate);
}

}  // namespace nmz::search
