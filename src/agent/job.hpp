// One execution, from Run to Finished.
//
//     start -> running(build) -> running(test) -> done
//                  \-> stopping <-/      (timeout, Cancel: TERM, then KILL after the grace)
//
// The phase ends when its main process has ended: whatever it left behind is killed then, so that nothing of one commit
// meets the next. While stopping, every descendant has the grace, because it is often a child of the shell that cleans
// up. If the command ended by itself before the Cancel was read, its own result is reported; it is as good as any.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "nmz/job/log_cap.hpp"
#include "nmz/wire/messages.hpp"

#include "bind_watch.hpp"
#include "disk_space.hpp"
#include "environment.hpp"
#include "failure.hpp"
#include "last_words.hpp"
#include "line_matcher.hpp"
#include "log_pipe.hpp"
#include "process_limit.hpp"
#include "sweep.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class Job {
 public:
  using Clock = std::chrono::steady_clock;
  struct Peer {
    std::function<void(const wire::Message&)> send;
    std::function<bool()> deliver;  ///< what was sent; false when it takes too long
  };

  /// `root`: the work tree, empty when there is none.
  Job(wire::Run run, std::string root, Peer peer, Progress progress);

  void start();
  /// SIGCHLD came.
  void on_child();
  /// log_fd() can be read.
  void on_log();
  /// bind_fd() can be read.
  void on_bind();
  /// deadline() has passed, or may have.
  void on_time();
  void cancel();
  /// Ends everything at once, without the grace.
  void abandon();

  [[nodiscard]] job::JobId id() const { return run_.job; }
  [[nodiscard]] bool is_done() const { return done_; }
  [[nodiscard]] int log_fd() const { return log_.fd(); }
  [[nodiscard]] int bind_fd() const { return done_ ? -1 : binds_.fd(); }
  [[nodiscard]] std::optional<Clock::time_point> deadline() const;
  /// When it is done: whether a disk may be full that it wrote to.
  [[nodiscard]] bool may_have_filled_a_disk() const { return disks_.was_low() || !job::passed(result_.outcome); }

 private:
  [[nodiscard]] Attempt<> prepare();
  [[nodiscard]] Attempt<> open_directory();
  [[nodiscard]] Attempt<> open_input();
  void start_phase(job::Phase phase);
  void stop(job::OutcomeKind reason);
  void end_phase();
  void collect();
  [[nodiscard]] job::Outcome end_outcome();
  [[nodiscard]] bool ran_out_of_space() const;
  [[nodiscard]] std::vector<std::string> written_directories() const;
  [[nodiscard]] std::vector<std::string> other_directories() const;
  void tell_taken(const job::Taken& what);
  void pass_on(std::string_view bytes);
  void send_log(std::string_view bytes);
  void finish(job::Outcome outcome);

  wire::Run run_;
  std::string root_;
  Peer peer_;
  Progress progress_;

  Environment environment_ = Environment::inherited();
  std::optional<LineMatcher> matcher_;
  job::LogCap cap_;
  LogPipe log_;
  BindWatch binds_;
  std::vector<job::Taken> taken_;
  bool watched_ = false;  ///< and nothing was missed
  LastWords last_words_;
  DiskWatch disks_;
  std::optional<ProcessLimit> processes_;
  std::string limit_;  ///< on processes, that was met; empty when none was
  UniqueFd directory_;
  UniqueFd input_;
  UniqueFd null_;

  job::Phase phase_ = job::Phase::test;
  pid_t main_ = 0;
  std::optional<int> main_status_;  ///< as waitpid() gave it
  bool children_left_ = false;
  std::optional<job::OutcomeKind> stopped_;  ///< why it is being stopped
  Clock::time_point started_;
  std::chrono::microseconds cpu_before_{0};  ///< of all processes that had ended when the phase began
  Clock::time_point ended_;
  std::optional<Clock::time_point> deadline_;
  wire::Finished result_;
  bool done_ = false;
};

}  // namespace nmz::agent
