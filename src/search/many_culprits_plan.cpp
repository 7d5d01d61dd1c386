// What is executed: what has to be asked again comes first, then what tells most, then what is confirmed.
//
// Of one group of tests the probes are chosen as in any search. Of several, each probe is the commit that is expected
// to tell most about all of them, given those that were chosen before it: each group has at least one culprit of its
// own, so that a bit about one is worth a bit about another, however many tests they have.
#include "nmz/search/many_culprits_plan.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nmz::search {

ManyCulpritsPlan::ManyCulpritsPlan(const CommitGraph& graph, ManyCulpritsOptions options, Questions questions)
    : graph_{&graph}, options_{std::move(options)}, questions_{std::move(questions)} {
  for (Node node = 0; node < graph.size(); ++node) {
    if (graph.role(node) == Role::good_end) good_ends_.push_back(node);
  }
  for (std::size_t i = 0; i < options_.outside; ++i) {
    good_ends_.push_back(static_cast<dispatch::Subject>(graph.size() + i));
  }
  given_ = options_.tests.has_value();
  if (!given_) {
    queue_.push_back(add(Task::list, graph.bad_end(), {}, false));
    return;
  }
  tests_.resize(*options_.tests);
  std::vector<TestNumber> all(tests_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<TestNumber>(i);
  ends_asked_ = true;
  if (options_.trust_ends) {
    admit();
    return;
  }
  enqueue(graph.bad_end(), all);
  for (const dispatch::Subject end : good_ends_) enqueue(end, all);
}

dispatch::Subject ManyCulpritsPlan::add(Task task, dispatch::Subject commit, std::vector<TestNumber> tests,
                                        bool probe) {
  Execution execution;
  execution.task = task;
  execution.commit = commit;
  execution.tests = std::move(tests);
  execution.number = ++numbers_[commit];
  execution.probe = probe;
  executions_.push_back(std::move(execution));
  return static_cast<dispatch::Subject>(executions_.size() - 1);
}

void ManyCulpritsPlan::enqueue(dispatch::Subject commit, const std::vector<TestNumber>& tests) {
  for (std::vector<TestNumber>& part : apart(tests)) queue_.push_back(add(Task::test, commit, std::move(part), false));
}

std::vector<std::vector<TestNumber>> ManyCulpritsPlan::apart(const std::vector<TestNumber>& tests) const {
  std::map<std::uint32_t, std::vector<TestNumber>> by_unit;
  for (const TestNumber test : tests) by_unit[questions_.unit ? questions_.unit(test) : 0].push_back(test);
  std::vector<std::vector<TestNumber>> parts;
  for (const auto& [unit, all] : by_unit) {
    const std::size_t largest = options_.largest == 0 ? all.size() : options_.largest;
    for (std::size_t at = 0; at < all.size(); at += largest) {
      const std::size_t end = std::min(all.size(), at + largest);
      parts.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(at), all.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
  return parts;
}

dispatch::Subject ManyCulpritsPlan::start(dispatch::Subject execution) {
  executions_[execution].running = true;
  return execution;
}

// ---- what still matters

bool ManyCulpritsPlan::matters(TestNumber test, dispatch::Subject commit) const {
  const State& state = tests_[test];
  switch (state.stage) {
    case Stage::ends:
      return true;
    case Stage::searching:
      break;
    case Stage::confirming:
      return state.unconfirmed.contains(commit);
    case Stage::decided:
      return false;
  }
  const auto group = std::ranges::find_if(
      groups_, [&](const Group& one) { return std::ranges::find(one.tests, test) != one.tests.end(); });
  return commit < graph_->size() && group != groups_.end() && group->search.worth_testing(commit);
}

bool ManyCulpritsPlan::matters(const Execution& execution) const {
  if (execution.task == Task::list && execution.tests.empty()) return true;
  return std::ranges::any_of(execution.tests, [&](TestNumber test) { return matters(test, execution.commit); });
}

bool ManyCulpritsPlan::under_way(TestNumber test, dispatch::Subject commit) const {
  return std::ranges::any_of(executions_, [&](const Execution& one) {
    return one.open && one.commit == commit && std::ranges::find(one.tests, test) != one.tests.end();
  });
}

std::vector<Node> ManyCulpritsPlan::in_flight(const Group& group) const {
  std::vector<Node> nodes;
  for (const Execution& one : executions_) {
    if (!one.open || one.commit >= graph_->size()) continue;
    const bool of_group = std::ranges::any_of(
        one.tests, [&](TestNumber test) { return std::ranges::find(group.tests, test) != group.tests.end(); });
    if (of_group && std::ranges::find(nodes, one.commit) == nodes.end()) nodes.push_back(one.commit);
  }
  return nodes;
}

// ---- what comes next

std::vector<dispatch::Subject> ManyCulpritsPlan::next(std::size_t count) {
  std::vector<dispatch::Subject> out;
  if (finished()) return out;
  take_queued(out, count);
  take_probes(out, count);
  take_confirmations(out, count);
  return out;
}

void ManyCulpritsPlan::take_queued(std::vector<dispatch::Subject>& out, std::size_t count) {
  while (out.size() < count && !queue_.empty()) {
    const dispatch::Subject subject = queue_.front();
    queue_.pop_front();
    Execution& execution = executions_[subject];
    execution.open = matters(execution);
    if (execution.open) out.push_back(start(subject));
  }
}

/// What does not fit into one execution waits at the front: its commit is laid out now.
void ManyCulpritsPlan::hand_out(dispatch::Subject commit, const std::vector<TestNumber>& tests, bool probe,
                                std::vector<dispatch::Subject>& out) {
  std::vector<dispatch::Subject> parts;
  for (std::vector<TestNumber>& part : apart(tests)) parts.push_back(add(Task::test, commit, std::move(part), probe));
  if (parts.empty()) return;
  out.push_back(start(parts.front()));
  queue_.insert(queue_.begin(), parts.begin() + 1, parts.end());
}

void ManyCulpritsPlan::take_probes(std::vector<dispatch::Subject>& out, std::size_t count) {
  if (out.size() >= count) return;
  for (const Node node : choose(count - out.size())) {
    std::vector<TestNumber> tests;
    for (const Group& group : groups_) {
      if (!group.search.worth_testing(node) || group.seen.contains(node)) continue;
      std::ranges::copy_if(group.tests, std::back_inserter(tests),
                           [&](TestNumber test) { return !under_way(test, node); });
    }
    std::ranges::sort(tests);
    hand_out(node, tests, true, out);
  }
}

/// When there is nothing to search for a worker, so that those of one commit come together.
void ManyCulpritsPlan::take_confirmations(std::vector<dispatch::Subject>& out, std::size_t count) {
  while (out.size() < count) {
    std::map<dispatch::Subject, std::vector<TestNumber>> wanted;
    for (TestNumber test = 0; test < tests_.size(); ++test) {
      if (tests_[test].stage != Stage::confirming) continue;
      for (const dispatch::Subject commit : tests_[test].unconfirmed) {
        if (!under_way(test, commit)) wanted[commit].push_back(test);
      }
    }
    if (wanted.empty()) return;
    hand_out(wanted.begin()->first, wanted.begin()->second, false, out);
  }
}

std::vector<Node> ManyCulpritsPlan::choose(std::size_t count) {
  if (groups_.size() == 1) return groups_.front().search.choose(count, in_flight(groups_.front()));
  std::vector<std::vector<Node>> running;
  running.reserve(groups_.size());
  for (const Group& group : groups_) running.push_back(in_flight(group));
  return choose_jointly(count, std::move(running));
}

std::vector<Node> ManyCulpritsPlan::choose_jointly(std::size_t count, std::vector<std::vector<Node>> in_flight) {
  std::vector<std::vector<double>> gains(groups_.size());
  std::vector<Node> chosen;
  const auto counts = [&](std::size_t group, Node node) {
    return std::ranges::find(in_flight[group], node) == in_flight[group].end();
  };
  while (chosen.size() < count) {
    std::vector<double> total(graph_->size());
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (gains[i].empty()) gains[i] = groups_[i].search.gains(in_flight[i]);
      for (Node node = 0; node < total.size(); ++node) {
        if (gains[i][node] > 0 && counts(i, node)) total[node] += gains[i][node];
      }
    }
    const auto best = std::ranges::max_element(total);
    constexpr double negligible = 1e-12;
    if (best == total.end() || *best < negligible) break;
    const auto node = static_cast<Node>(best - total.begin());
    chosen.push_back(node);
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      if (!counts(i, node) || !groups_[i].search.worth_testing(node)) continue;
      in_flight[i].push_back(node);
      gains[i].clear();
    }
  }
  // A sample may show no difference where there is one.
  for (std::size_t i = 0; i < groups_.size() && chosen.empty(); ++i) {
    chosen = groups_[i].search.choose(1, in_flight[i]);
  }
  return chosen;
}

void ManyCulpritsPlan::give_back(dispatch::Subject subject) {
  Execution& execution = executions_[subject];
  if (!execution.running) return;
  execution.running = false;
  execution.open = !execution.probe && matters(execution);
  if (execution.open) queue_.push_front(subject);
}

std::vector<dispatch::Subject> ManyCulpritsPlan::pointless() const {
  std::vector<dispatch::Subject> useless;
  for (dispatch::Subject subject = 0; subject < executions_.size(); ++subject) {
    const Execution& execution = executions_[subject];
    if (execution.running && (finished() || !matters(execution))) useless.push_back(subject);
  }
  return useless;
}

// ---- what is known

bool ManyCulpritsPlan::finished() const {
  if (without_list_) return true;
  if (!given_ && !options_.tests) return false;
  return std::ranges::all_of(tests_, [](const State& state) { return state.stage == Stage::decided; });
}

std::size_t ManyCulpritsPlan::undecided() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(tests_, [](const State& state) { return state.stage != Stage::decided; }));
}

std::optional<Said> ManyCulpritsPlan::said(TestNumber test, dispatch::Subject commit) const {
  const auto found = tests_.at(test).said.find(commit);
  return found == tests_[test].said.end() ? std::nullopt : std::optional{found->second};
}

double ManyCulpritsPlan::rounds_left() const {
  if (finished()) return 0;
  double bits = 0;
  for (const Group& group : groups_) bits += std::log2(group.search.effective_size());
  // Before anything is known: as if they had one culprit, whose range is all there is.
  if (groups_.empty()) bits = std::log2(static_cast<double>(std::max<std::size_t>(graph_->candidates(), 1)));
  const auto workers = static_cast<double>(std::max<std::size_t>(options_.workers, 1));
  const auto apart = static_cast<double>(std::max<std::size_t>(groups_.size(), 1));
  const double each = std::max(workers / apart, 1.0);
  return std::max(1.0, bits / std::log2(each + 1) / std::min(workers, apart));
}

}  // namespace nmz::search
