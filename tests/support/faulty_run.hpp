// A run's life with an Engine that fails at one call: workers are started, used, stopped, and everything is taken away.
//
// Whatever the call and the fault: it ends, each error is one line, and nothing is left. What an Engine that is away
// would not let a run remove, the next run's sweep removes.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/orchestrator/patience.hpp"

#include "support/fake_docker_api.hpp"

namespace nmz::support {

/// Of a machine where nothing takes time. What may not happen at all has the patience of a test.
inline orchestrator::Patience no_patience() {
  using std::chrono::milliseconds;
  orchestrator::Patience patience;
  patience.reconnect_every = patience.look_for_address_every = patience.image_every = milliseconds{1};
  patience.reconnect_for = patience.image_for = milliseconds{5};
  patience.look_at_tasks_every = patience.silence = patience.trouble = milliseconds{20000};
  return patience;
}

struct Ending {
  std::size_t workers = 0;  ///< that had a stream
  std::vector<Error> errors;
  Result<void> closed;
  bool finished = false;
};

/// Each of the faults at each call.
inline std::vector<FaultPlan> each_call(std::size_t calls, std::initializer_list<Fault> faults) {
  std::vector<FaultPlan> plans;
  for (std::size_t at = 1; at <= calls; ++at) {
    for (const Fault fault : faults) plans.emplace_back(at, fault);
  }
  return plans;
}

/// And those after which the Engine does not come back.
inline std::vector<FaultPlan> every_fault(std::size_t calls) {
  std::vector<FaultPlan> plans =
      each_call(calls, {Fault::refused, Fault::missing, Fault::lost_before, Fault::lost_after, Fault::late_before,
                        Fault::late_after, Fault::away});
  for (std::size_t at = 1; at <= calls; ++at) {
    plans.emplace_back(at, Fault::away, true);
    plans.emplace_back(at, Fault::late_before, true);
  }
  return plans;
}

inline std::string text_of(const FaultPlan& plan) {
  return "fault " + std::to_string(static_cast<int>(plan.fault)) + " at call " + std::to_string(plan.at) +
         (plan.for_good ? " and from then on" : "");
}

class FaultyRun {
 public:
  static constexpr std::uint32_t worker_count = 3;

  explicit FaultyRun(boost::asio::io_context& io) : io_{io}, bell_{io, boost::asio::steady_timer::time_point::max()} {}

  /// `again`: a worker is also started a second time, after its end.
  Ending play(orchestrator::Orchestrator& workers, bool again) {
    workers_ = &workers;
    boost::asio::co_spawn(io_, whole(again), rethrow);
    io_.restart();
    io_.run_for(std::chrono::seconds{30});
    workers_ = nullptr;
    return std::move(ending_);
  }

  /// Ctrl-C.
  void interrupt() {
    if (workers_ == nullptr) return;
    for (std::uint32_t i = 0; i < worker_count; ++i) workers_->cancel_start(job::WorkerId{i});
  }

 private:
  static void rethrow(const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  }

  boost::asio::awaitable<void> whole(bool again) {
    for (std::uint32_t i = 0; i < worker_count; ++i) {
      ++living_;
      boost::asio::co_spawn(io_, life(job::WorkerId{i}, again && i == 0), rethrow);
    }
    while (living_ > 0) {
      co_await bell_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    ending_.closed = co_await workers_->close();
    ending_.finished = true;
  }

  boost::asio::awaitable<void> life(job::WorkerId worker, bool again) {
    for (int lives = again ? 2 : 1; lives > 0; --lives) {
      Result<std::shared_ptr<orchestrator::Stream>> stream = co_await workers_->start(worker);
      if (!stream) {
        ending_.errors.push_back(stream.error());
        break;
      }
      if (lives == 1) ++ending_.workers;
      co_await boost::asio::post(io_, boost::asio::use_awaitable);
      (*stream)->close();
      stream->reset();
      co_await workers_->stop(worker);
    }
    --living_;
    bell_.cancel();
  }

  boost::asio::io_context& io_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  boost::asio::steady_timer bell_;
  orchestrator::Orchestrator* workers_ = nullptr;
  std::size_t living_ = 0;
  Ending ending_;
};

inline void expect_one_line(const Error& error, const std::string& where) {
  EXPECT_FALSE(error.message.empty()) << where;
  EXPECT_EQ(error.message.find('\n'), std::string::npos) << where << ": " << error.message;
}

inline void expect_sound(const Ending& ending, const std::string& where) {
  ASSERT_TRUE(ending.finished) << where << ": it hangs";
  for (const Error& error : ending.errors) expect_one_line(error, where);
  if (!ending.closed) expect_one_line(ending.closed.error(), where);
  EXPECT_TRUE(ending.workers + ending.errors.size() == FaultyRun::worker_count) << where;
}

inline std::string lines_of(const std::vector<std::string>& left) {
  std::string text;
  for (const std::string& line : left) text += line + "; ";
  return text;
}

}  // namespace nmz::support
