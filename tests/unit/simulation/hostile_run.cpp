#include "hostile_run.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "batch_list_plan.hpp"
#include "bisect_world.hpp"

namespace nmz::simulation {
namespace {

using search::BisectResult;
using search::Node;
using Kind = BisectResult::Kind;

void demand(bool kept, const std::string& rule) {
  if (!kept) throw RuleBroken(rule);
}

// ---- lists

/// Some subjects fail, whoever runs them.
Truth truth_of_list(std::uint64_t seed) {
  return [seed](dispatch::Subject subject) {
    constexpr double share_of_failures = 0.3;
    Random random(seed * 1'000'003 + subject);
    job::Outcome outcome;
    outcome.kind = job::OutcomeKind::exited;
    outcome.code = random.chance(share_of_failures) ? 1 : 0;
    return outcome;
  };
}

bool is_verdict(const job::Outcome& outcome) { return outcome.kind == job::OutcomeKind::exited && !outcome.disk_full; }

void judge_list(const BatchListPlanForTests& plan, std::uint32_t subjects, const Truth& truth,
                dispatch::Stop::Why why) {
  for (const auto& [subject, outcome] : plan.outcomes()) {
    demand(!is_verdict(outcome) || outcome == truth(subject), fmt::format("subject {} has a wrong result", subject));
  }
  if (why != dispatch::Stop::Why::finished) return;
  for (dispatch::Subject subject = 0; subject < subjects; ++subject) {
    demand(plan.outcomes().contains(subject) || plan.dropped().contains(subject),
           fmt::format("subject {} has no result", subject));
  }
}

// ---- searches

std::vector<Node> nodes_of(const std::vector<search::Suspect>& suspects) {
  std::vector<Node> nodes;
  nodes.reserve(suspects.size());
  for (const search::Suspect& suspect : suspects) nodes.push_back(suspect.node);
  return nodes;
}

bool was_killed(const job::Outcome& outcome) {
  constexpr std::int32_t sigkill = 9;
  return outcome.kind == job::OutcomeKind::signaled && outcome.code == sigkill;
}

void judge_suspects(const BisectWorld& world, const std::vector<Node>& suspects, const std::vector<Node>& same) {
  const auto contains = [](const std::vector<Node>& nodes, Node node) {
    return std::ranges::find(nodes, node) != nodes.end();
  };
  demand(contains(suspects, world.culprit()), fmt::format("the culprit {} is not suspected", world.culprit()));
  for (const Node node : same) {
    demand(contains(suspects, node), fmt::format("commit {} is as likely as the culprit and not suspected", node));
  }
  for (const Node node : suspects) {
    const bool doubted_end = world.graph().role(node) != search::Role::candidate;
    demand(doubted_end || contains(same, node),
           fmt::format("commit {} could have been told from the culprit {}", node, world.culprit()));
  }
}

/// `finished` runs only: others may have stopped anywhere.
void judge_answer(const BisectWorld& world, const search::ConfirmedPlan& plan) {
  const BisectResult& result = plan.result();
  const std::vector<Node> same = world.indistinguishable(plan);
  const std::vector<Node> only_culprit{world.culprit()};
  // Skipped commits are not tested again: what the others said beside each other may be wrong.
  const bool unconfirmed =
      world.conditions().faults.unseen > 0 && plan.stage() == search::ConfirmedPlan::Stage::searching;
  if (unconfirmed && (result.kind == Kind::only_skipped || result.kind == Kind::nothing_testable)) return;
  switch (result.kind) {
    case Kind::found:
      demand(nodes_of(result.suspects) == only_culprit, fmt::format("the culprit {} is not found", world.culprit()));
      demand(same == only_culprit, "found, though other commits are as likely");
      break;
    case Kind::only_skipped:
    case Kind::nothing_testable:
      judge_suspects(world, nodes_of(result.suspects), same);
      break;
    case Kind::aborted:
      demand(was_killed(result.outcome), "aborted for no reason");
      break;
    default:
      throw RuleBroken(
          fmt::format("unexpected result kind {}, culprit {}", static_cast<int>(result.kind), world.culprit()));
  }
}

}  // namespace

RunSummary run_list(std::uint64_t seed, const Witness& witness) {
  constexpr std::uint64_t most_subjects = 60;
  Random random(seed);
  const Conditions conditions = hostile_world(random);
  const auto subjects = static_cast<std::uint32_t>(random.below(most_subjects));
  const double given_up_on = random.chance(0.5) ? 0.2 : 0;
  BatchListPlanForTests plan(subjects, given_up_on, seed, random.chance(0.3) ? 0.3 : 0);
  const Truth truth = truth_of_list(seed);
  RunSummary run = simulate(plan, truth, conditions, seed, witness);
  judge_list(plan, subjects, truth, run.why);
  return run;
}

BisectRun run_bisect(std::uint64_t seed, const Witness& witness) {
  const BisectWorld world(seed);
  const bool unseen = world.conditions().faults.unseen > 0;
  search::ConfirmedPlan plan(world.graph(), world.checks(), world.options(),
                             unseen ? search::Confirm::always : search::Confirm::never);
  BisectRun done;
  done.run = simulate(plan, world.truth(), world.conditions(), seed, witness);
  done.answer = plan.result().kind;
  done.stage = plan.stage();
  if (done.run.why == dispatch::Stop::Why::finished) {
    judge_answer(world, plan);
  } else {
    demand(done.answer == Kind::unfinished, "a run that did not finish has an answer");
  }
  return done;
}

}  // namespace nmz::simulation
