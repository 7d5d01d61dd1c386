// Why tests have failed (--classify): what the plan of it has to know of the run, and what it tells at the end.
//
// While the suite runs this notes how each workload ended and what ran before it: in its process, or else at its
// worker. schedule::ClassifyPlan then asks for repetitions, which the suite makes commands of, and knows what they
// mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/events/event.hpp"
#include "nmz/schedule/classify_plan.hpp"

#include "options.hpp"

namespace nmz::nmzswarm {

/// By which the limit of what has met it is multiplied, to see whether it needs no more than time.
inline constexpr int more_time = 4;

class Classification {
 public:
  struct Rules {
    Rules() = default;
    std::size_t workers = 1;
    std::vector<bool> alone_only;      ///< by workload; empty: none is
    std::vector<std::uint32_t> units;  ///< what differs in it cannot share a process; empty: all can
  };
  Classification(const ClassifyChoice& choice, Rules rules, std::size_t workloads);

  /// It runs there after what ran there before.
  void begins(job::WorkerId worker, std::span<const schedule::Workload> workloads);
  enum class End : std::uint8_t { passed, skipped, failed, timed_out };
  void ended(schedule::Workload workload, End end);

  /// `look`: as of ClassifyPlan.
  std::unique_ptr<schedule::WorkloadPlan> around(std::unique_ptr<schedule::WorkloadPlan> plan,
                                                 schedule::ClassifyPlan::Look look);
  [[nodiscard]] schedule::ClassifyPlan& plan() { return *plan_; }
  [[nodiscard]] const schedule::ClassifyPlan::Experiment* experiment(dispatch::Subject subject) const {
    return plan_ == nullptr ? nullptr : plan_->experiment(subject);
  }

  /// A repetition has taken so long; 0 as limit: it had none.
  void took(schedule::Workload workload, job::WorkerId worker, std::chrono::nanoseconds time,
            std::chrono::nanoseconds limit);
  [[nodiscard]] std::size_t failed() const { return plan_ == nullptr ? 0 : plan_->asked().size(); }
  /// One a failed test, in the order of the list.
  [[nodiscard]] std::vector<events::ClassifiedTest> told(const std::vector<std::string>& ids) const;

 private:
  struct Known {
    End end = End::passed;
    bool ended = false;
    bool failed = false;  ///< ever
    bool timed_out = false;
    std::vector<schedule::Workload> just_before;  ///< of its last execution
    std::vector<schedule::Workload> before;       ///< of the last one that failed
    std::set<job::WorkerId> workers;              ///< of its repetitions
    std::chrono::nanoseconds longest{0};
    std::chrono::nanoseconds limit{0};
  };
  [[nodiscard]] std::vector<schedule::FailedTest> failures() const;
  [[nodiscard]] bool share(schedule::Workload one, schedule::Workload other) const;

  ClassifyChoice choice_;
  Rules rules_;
  std::vector<Known> known_;
  std::map<job::WorkerId, schedule::Workload> last_;  ///< at a worker
  schedule::ClassifyPlan* plan_ = nullptr;
};

/// "alone", "beside others", ...
[[nodiscard]] const char* words_of(schedule::Setting setting);
/// "genuine", "time-limit", ...: stable words for scripts.
[[nodiscard]] const char* word_of(schedule::FailureKind kind);

}  // namespace nmz::nmzswarm
