// The worker: one loop that waits for the coordinator, for the job's processes and its output, and for deadlines.
//
// One thread and poll() because never more than one job runs and everything the agent does is short, except for
// work in the tree, which calls back now and then so that heartbeats go on. An event library would be most of the
// binary, which has to stay below a megabyte to fit into one Swarm config.
//
// The work tree is only ever touched between jobs, when no process of the last one is left.
#pragma once

#include <chrono>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "nmz/wire/messages.hpp"

#include "exit_code.hpp"
#include "frame_stream.hpp"
#include "job.hpp"
#include "tree_writer.hpp"
#include "unique_fd.hpp"
#include "world.hpp"

namespace nmz::agent {

class Agent {
 public:
  /// `signals`: a signalfd for SIGCHLD and the signals that end the program. `greeted`: called once the coordinator has
  /// said Hello.
  Agent(FrameStream peer, UniqueFd signals, std::shared_ptr<TreeRoot> root, std::function<void()> greeted = {},
        std::optional<World> world = std::nullopt);

  /// Until the coordinator goes, says Shutdown or breaks the protocol, or a signal asks for the end.
  [[nodiscard]] ExitCode run();

  /// Whether the coordinator ever said Hello.
  [[nodiscard]] bool was_greeted() const { return greeted_; }
  /// Whether it ended because it was asked to, by a Shutdown or a signal.
  [[nodiscard]] bool was_told_to_end() const { return told_to_end_; }
  /// By a signal.
  [[nodiscard]] bool was_signalled() const { return signalled_; }

 private:
  using Clock = std::chrono::steady_clock;

  void wait();
  void on_signals();
  void on_messages();
  void handle(wire::Message message);
  [[nodiscard]] bool handle_between_jobs(wire::Message& message);
  [[nodiscard]] bool greet(const wire::Hello& hello);
  [[nodiscard]] bool start(wire::Run run);
  void withdraw(const wire::Cancel& cancel);
  void after_job();
  void start_next();
  void send_tree_state();
  void refuse(const wire::Run& run, const job::Outcome& why);
  /// Ends the job with its grace, and the program after it; at once when asked again.
  void shut_down();
  template <class... Facts>
  void remark(std::string (*words)(Facts...), std::type_identity_t<Facts>... facts) {
    if (remarks_) peer_.send(wire::Remark{words(facts...)});
  }
  void stop_with(ExitCode code, std::string_view why);
  void flush_for(std::chrono::milliseconds patience);
  /// Sends a heartbeat if one is due.
  void tick();
  [[nodiscard]] std::optional<std::chrono::nanoseconds> time_to_next_event() const;
  [[nodiscard]] bool may_read_log() const;
  [[nodiscard]] bool collects() const;

  FrameStream peer_;
  UniqueFd signals_;
  TreeWriter tree_;
  std::optional<World> world_;
  std::optional<Job> job_;
  std::deque<wire::Run> queue_;  ///< to be run after it; only where there is no tree
  timespec job_began_{};         ///< on the file systems' clock
  std::function<void()> on_greeting_;
  bool greeted_ = false;
  bool remarks_ = false;  ///< the coordinator reads them
  Clock::time_point tree_began_;
  std::uint64_t tree_files_ = 0;  ///< told of since
  std::chrono::nanoseconds heartbeat_{0};
  Clock::time_point next_heartbeat_;
  Clock::time_point next_flush_;
  bool told_to_end_ = false;
  bool signalled_ = false;
  bool shutting_down_ = false;  ///< told to, and a job has to end first
  bool peer_gone_ = false;
  std::optional<ExitCode> exit_;
};

}  // namespace nmz::agent
