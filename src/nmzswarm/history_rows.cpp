#include "history_rows.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace nmz::nmzswarm {

void HistoryRows::show(const events::Event& event, events::Seconds /*now*/) {
  if (const auto* const listed = std::get_if<events::WorkloadsListed>(&event)) {
    singly_ = listed->chunks == 0 && !listed->repeated;
  }
  const auto* const done = std::get_if<events::JobEnded>(&event);
  if (done == nullptr || done->workload.empty() || !singly_) return;
  // An execution that was ended tells how long it lasted at least, not how long it takes.
  // One that skipped itself tells nothing.
  const bool tells =
      done->mark == events::Mark::passed || done->mark == events::Mark::failed || done->mark == events::Mark::flaky;
  if (!tells) return;
  history::Observation row;
  row.workload = done->workload;
  row.took = std::chrono::duration_cast<std::chrono::nanoseconds>(done->took);
  row.passed = done->mark != events::Mark::failed;
  rows_.push_back(std::move(row));
}

}  // namespace nmz::nmzswarm
