// The narrator of a suite: turns what the coordinator observes into events, keeps the logs, and measures phases.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/coordinator/observer.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/report/suite_tally.hpp"

#include "run_state.hpp"
#include "suite.hpp"
#include "time_split.hpp"
#include "work_left.hpp"

namespace nmz::nmzswarm {

class Reporter final : public coordinator::Observer {
 public:
  Reporter(Suite& suite, logs::LogStore& logs, std::uint32_t workers);

  void add(events::Consumer& consumer) { stream_.add(consumer); }
  /// Where results are kept for --rerun; outlives this.
  void keep_state(RunState& state);
  void show(const events::Event& event) { stream_.show(event); }
  /// The list is known, or could not be made.
  void listed();
  /// Something worth a line in the split of the time has happened now.
  void reached(const std::string& phase);

  void worker_ready(job::WorkerId worker, const wire::Welcome& welcome) override;
  void started(const dispatch::Assign& assignment, job::Phase phase) override;
  void assigned(const dispatch::Assign& assignment) override;
  void log(const dispatch::Assign& assignment, std::string_view bytes) override;
  void finished(const dispatch::Assign& assignment, const wire::Finished& finished) override;
  void ended(const dispatch::Ended& ended) override;
  void given_up(const dispatch::GivenUp& given_up) override;
  void worker_added(job::WorkerId worker) override;
  void runs_again(const dispatch::RunsAgain& again) override;
  void resized(const dispatch::Resized& resized) override;
  void tick() override;

  [[nodiscard]] events::Seconds elapsed() const { return stream_.elapsed(); }
  /// All that is known at the end but its result, message and exit code.
  [[nodiscard]] events::RunEnded summary() const;
  /// Workloads, or chunks, that never ran.
  [[nodiscard]] std::vector<std::string> idle() const;

 private:
  [[nodiscard]] events::JobEnded told(const dispatch::Ended& ended);
  /// Of a group; `common`: what is the same for all of its tests.
  void tests_ended(const dispatch::Ended& ended, const events::JobEnded& common);
  void describe_repetition(const dispatch::Ended& ended, events::JobEnded& done) const;
  void describe_test(schedule::Workload test, const runner::TestEnd& end, bool settled, events::JobEnded& done);
  [[nodiscard]] events::Mark mark_of(const dispatch::Ended& ended) const;
  [[nodiscard]] std::string workload(dispatch::Subject subject) const;
  [[nodiscard]] events::Seconds expected_left() const;
  void show_trouble();
  [[nodiscard]] bool keeps_log(const dispatch::Ended& ended, events::Mark mark);
  void tell_listing();
  void tell_missing_timeouts();
  void tell_slow();
  void tell_unread(const dispatch::Ended& ended);
  void show_end(const events::JobEnded& done);

  Suite& suite_;          // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  logs::LogStore& logs_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  events::Stream stream_;
  report::SuiteTally tally_;
  TimeBook times_;
  RunState* state_ = nullptr;
  std::uint32_t workers_;
  std::uint32_t most_workers_;  ///< at any time
  std::uint32_t ready_ = 0;
  struct Running {
    events::StillRunning what;
    events::Seconds since{0};
    events::Seconds next{0};  ///< told when it has run for so long
  };
  std::map<job::JobId, Running> running_;         ///< those that have begun
  std::map<std::string, events::Mark> troubles_;  ///< by workload, or chunk: its last end, unless it passed
  std::set<std::string> ran_;                     ///< workloads, or chunks, of which an execution has ended
  std::set<schedule::Workload> passing_logs_;     ///< of a hunt: those with one that is kept
  std::vector<events::PhaseReached> phases_;
  WorkLeft work_left_;
  bool all_expected_ = false;  ///< the history knows every workload
  events::Seconds first_start_{0};
  bool anything_started_ = false;
  bool told_unread_ = false;
};

}  // namespace nmz::nmzswarm
