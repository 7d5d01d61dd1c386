#include "recall.hpp"

#include <fmt/format.h>

namespace nmz::nmzbisect {
namespace {

constexpr const char* misled_note =
    "what is remembered of earlier searches does not agree with what the tests say now: once more without it";

void begin_again(Search& search, Recall& recall) {
  search.begin_again();
  if (recall.new_plan) recall.new_plan();
  recall.plan.emplace(search.plan, recall.memory);
  if (recall.memory.knows_something()) recall.plan->absorb(search.workers);
}

/// Whether what others have found was of no use: it contradicts the tests, or leads to no commit.
bool misled(const Search& search, const Recall& recall) {
  using Kind = search::BisectResult::Kind;
  if (recall.plan->spoilt() || recall.memory.was_wrong()) return true;
  if (!recall.plan->used_others()) return false;
  switch (search.plan.result().kind) {
    case Kind::found:
    case Kind::only_skipped:
    case Kind::not_confident:
    case Kind::no_culprit:
    case Kind::aborted:
    case Kind::unfinished:
      return false;
    default:
      return true;
  }
}

/// Where the last good commit was tested now and the first bad one in an earlier search, or the other way round, it may
/// be the machine that has changed between: what is remembered of the two is tested as well.
bool doubts_the_answer(const Search& search, Recall& recall) {
  const search::BisectResult& result = search.plan.result();
  const bool mixed = recall.plan->tested() && recall.plan->used_others() && search.plan.noisy() == nullptr;
  if (!mixed || result.kind != search::BisectResult::Kind::found) return false;
  const search::Node culprit = result.suspects.front().node;
  bool doubts = recall.memory.doubt(culprit);
  for (const search::Node parent : search.range.graph.parents(culprit)) {
    doubts = recall.memory.doubt(parent) || doubts;
  }
  return doubts;
}

}  // namespace

void recollect(Search& search, const site::Site& site, const std::string& shared, Recall& recall) {
  recall.memory.begin(shared);
  recall.plan.emplace(search.plan, recall.memory);
  if (!recall.memory.knows_something()) return;
  recall.plan->absorb(search.workers);
  if (!search.plan.finished() && site.sees_our_files()) {
    // Tests that work only without a world of their own were run so.
    recall.memory.work_plainly(true);
    begin_again(search, recall);
  }
  if (!search.plan.finished() && site.sees_our_files()) {
    recall.memory.work_plainly(false);
    begin_again(search, recall);
  }
  if (!misled(search, recall)) return;
  recall.note = misled_note;
  recall.memory.work_plainly(false);
  recall.memory.distrust_others();
  begin_again(search, recall);
}

void tell_known(Recall& recall, Reporter& reporter) {
  recall.plan->tell(
      [&reporter](dispatch::Subject subject, const Remembered& known) { reporter.known(subject, known); });
  if (!recall.note.empty()) reporter.show(events::Notice{recall.note});
  const std::size_t known = reporter.counts().known;
  if (known == 0) return;
  reporter.show(events::Notice{fmt::format("{}{} verdict{} from earlier {} (--again tests them anew)",
                                           recall.plan->used_own() ? "goes on where it was interrupted: " : "", known,
                                           known == 1 ? "" : "s", recall.plan->used_others() ? "searches" : "tests")});
}

void begin_again(Search& search, Recall& recall, Reporter& reporter) {
  begin_again(search, recall);
  reporter.begin_again();
  recall.plan->tell(
      [&reporter](dispatch::Subject subject, const Remembered& known) { reporter.known(subject, known); });
}

coordinator::RunEnd run_until_agreed(Search& search, Recall& recall, Reporter& reporter,
                                     const std::function<coordinator::RunEnd()>& run) {
  for (;;) {
    coordinator::RunEnd end;
    if (!search.plan.finished()) end = run();
    if (end.why != dispatch::Stop::Why::finished) return end;
    if (misled(search, recall)) {
      reporter.show(events::Notice{misled_note});
      recall.memory.distrust_others();
    } else if (!doubts_the_answer(search, recall)) {
      return end;
    }
    begin_again(search, recall, reporter);
  }
}

}  // namespace nmz::nmzbisect
