// Carries a plan out: starts workers, tells the dispatcher what their agents say, does what it answers.
//
// All state belongs to one io_context thread; only Layout's functions, which read a repository, run on a pool. The
// clock enters here, and nothing below decides by it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "nmz/coordinator/observer.hpp"
#include "nmz/coordinator/work_source.hpp"
#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::coordinator {

/// From the kernel.
[[nodiscard]] wire::Nonce random_nonce();

struct Options {
  Options() = default;
  std::uint32_t workers = 1;
  dispatch::Options dispatch;
  std::function<wire::Nonce()> nonce = random_nonce;  ///< one for each job; nobody else may guess them
  std::chrono::milliseconds heartbeat{1000};
  std::chrono::milliseconds start_limit{30000};  ///< for an agent to say Welcome
  std::chrono::milliseconds stop_limit{5000};    ///< for agents to end their jobs at the end of the run
  /// How long after its time limit and the grace the end of a job may come; told twice over before it is held against
  /// its worker, because this program may have been suspended meanwhile.
  std::chrono::milliseconds overdue{5000};
  /// Asked at the end of each job, whose worker had it in hand for so long: how many workers more from now on.
  std::function<std::int32_t(const wire::Finished& finished, std::chrono::nanoseconds in_hand)> more_workers;
};

/// The parts a run is made of; all outlive it.
struct Parts {
  Parts(dispatch::Plan& plan_in, orchestrator::Orchestrator& orchestrator_in, WorkSource& source_in,
        Observer& observer_in)
      : plan{plan_in}, orchestrator{orchestrator_in}, source{source_in}, observer{observer_in} {}
  dispatch::Plan& plan;                      // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  orchestrator::Orchestrator& orchestrator;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  WorkSource& source;                        // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Observer& observer;                        // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
};

/// How a run ended.
struct RunEnd {
  RunEnd() = default;
  dispatch::Stop::Why why = dispatch::Stop::Why::finished;
  std::string reason;       ///< for no_workers: what the last worker was given up for
  std::string left_behind;  ///< why what was made for the run could not be taken away; empty when it was
};

class Coordinator {
 public:
  Coordinator(boost::asio::io_context& io, const Parts& parts, const Options& options);
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;
  Coordinator(Coordinator&&) = delete;
  Coordinator& operator=(Coordinator&&) = delete;
  ~Coordinator();

  /// Runs the plan to its end. When it returns every worker has been stopped and the orchestrator closed. Call once.
  boost::asio::awaitable<RunEnd> run();

  // What the user may want meanwhile. To be called from any thread while this lives; each takes effect within a turn of
  // the loop, and none when the run has ended.

  /// Asks for the end. The first time, jobs get their grace to end; the second time everything is killed.
  void interrupt();
  /// This execution is ended and does not count (dispatch::CancelJob).
  void cancel(job::JobId job);
  /// This subject is not run any more (dispatch::SkipSubject).
  void skip(dispatch::Subject subject);
  /// What did not pass is run once more (dispatch::RunAgain).
  void run_again(std::uint32_t item);
  /// So many workers more, or fewer (dispatch::ChangeWorkers).
  void change_workers(std::int32_t by);
  /// Nothing new begins, or it may again (dispatch::Pause).
  void pause(bool on);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace nmz::coordinator
