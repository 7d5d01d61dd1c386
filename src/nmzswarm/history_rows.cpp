#include "history_rows.hpp"

#include <chrono>
#include <utility>
#include <variant>

namespace nmz::nmzswarm {

void HistoryRows::show(const events::Event& event, events::Seconds /*now*/) {
  if (const auto* const listed = std::get_if<events::WorkloadsListed>(&event)) {
    singly_ = listed->chunks == 0 && !listed->repeated;
  }
  if (const auto* const ready = std::get_if<events::WorkerReady>(&event)) nodes_[ready->worker] = ready->node;
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
  row.commit = commit_;
  row.passed = done->mark != events::Mark::failed;
  if (const auto node = nodes_.find(done->worker); node != nodes_.end()) row.node = node->second;
  rows_.push_back(std::move(row));
}

}  // namespace nmz::nmzswarm
