// What a run teaches the history, gathered from its events: how long each workload took.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nmz/events/stream.hpp"
#include "nmz/history/history.hpp"

namespace nmz::nmzswarm {

class HistoryRows final : public events::Consumer {
 public:
  void show(const events::Event& event, events::Seconds now) override;
  /// What is tested in this run.
  void take_commit(std::string commit) { commit_ = std::move(commit); }
  /// Executions of one workload that gave a result.
  [[nodiscard]] const std::vector<history::Observation>& all() const { return rows_; }

 private:
  std::string commit_;
  bool singly_ = true;  ///< an execution is about one workload, and each has one
  std::map<job::WorkerId, std::string> nodes_;
  std::vector<history::Observation> rows_;
};

}  // namespace nmz::nmzswarm
