// One life of one worker's agent: the conversation described in wire/messages.hpp, from start to the end of the stream.
//
// Coroutines share a session on one thread: live() reads, write_out() writes what the outbox holds, execute() lays the
// files of one assignment out, woken by live() through mailboxes, and sends its Run; live() hears of the end.
// What the agent says is first heard by the conversation (conversation.hpp), which keeps the rules: what it lets
// through has been asked for and is bounded. When the stream ends all mailboxes close, and with them every coroutine;
// what was running is the dispatcher's to give to somebody else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "nmz/coordinator/coordinator.hpp"
#include "nmz/coordinator/observer.hpp"
#include "nmz/coordinator/work_source.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/wire/messages.hpp"

#include "conversation.hpp"
#include "mailbox.hpp"

namespace nmz::coordinator {

/// What sessions tell the coordinator.
class SessionListener {
 public:
  SessionListener() = default;
  SessionListener(const SessionListener&) = delete;
  SessionListener& operator=(const SessionListener&) = delete;
  SessionListener(SessionListener&&) = delete;
  SessionListener& operator=(SessionListener&&) = delete;
  virtual ~SessionListener() = default;
  virtual void tell(dispatch::Event event) = 0;
};

/// What every session of a run shares.
struct SessionContext {
  SessionContext(boost::asio::any_io_executor executor_in, boost::asio::io_context& pool_in, const Parts& parts_in,
                 Options options_in, SessionListener& listener_in)
      : executor{std::move(executor_in)},
        pool{pool_in},
        parts{parts_in},
        options{std::move(options_in)},
        listener{listener_in},
        tasks{executor} {}
  boost::asio::any_io_executor executor;
  boost::asio::io_context& pool;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Parts parts;
  Options options;
  SessionListener& listener;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  /// What runs on the pool for a worker, of whichever life of it.
  TaskGroup& reading(job::WorkerId worker) { return reading_.try_emplace(worker, executor).first->second; }
  TaskGroup tasks;

 private:
  std::map<job::WorkerId, TaskGroup> reading_;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SessionContext& context, job::WorkerId worker);

  /// Starts the agent and the conversation; tells WorkerReady, and WorkerLost at the end.
  void begin();
  void assign(const dispatch::Assign& assignment);
  void cancel(const dispatch::Cancel& cancel);
  /// Asks the agent to end its jobs and itself.
  void shut_down();
  /// The same, and takes away what was made for the worker, without a WorkerLost.
  void retire();
  /// Ends the conversation at once, without a WorkerLost; the agent kills what it runs.
  void abandon();

 private:
  struct Letter {
    std::string bytes;
    bool acknowledge = false;
  };
  struct Active {
    Active() = default;
    dispatch::Assign assignment;
    std::chrono::steady_clock::time_point assigned;
    bool cancelled = false;
    bool sent = false;                     ///< its Run
    std::chrono::milliseconds at_most{0};  ///< that the test may take, with the grace to end; 0 = any time
  };
  struct LaidOut {
    bool ready = false;
    job::Outcome outcome;  ///< why not
  };

  template <class Coroutine>
  void spawn(Coroutine coroutine);

  boost::asio::awaitable<void> live();
  boost::asio::awaitable<std::string> converse();
  boost::asio::awaitable<void> write_out();
  boost::asio::awaitable<void> execute(dispatch::Assign assignment);
  boost::asio::awaitable<std::optional<LaidOut>> lay_out(dispatch::Assign assignment);
  boost::asio::awaitable<std::optional<Result<void>>> send_layout(std::shared_ptr<Layout> layout);
  void end_tree(std::string& frames, std::string label);
  boost::asio::awaitable<void> learn_tree_state();
  template <class F>
  boost::asio::awaitable<std::invoke_result_t<F&>> read_files(F function);

  void post(const wire::Message& message);
  void handle(wire::Message message);
  void expect_end(const Active& running);
  void wait_for_end(job::JobId job, std::chrono::milliseconds time, bool last);
  void on(const wire::Welcome& welcome);
  void on(const wire::Started& started);
  void on(const wire::Log& log);
  void on(wire::Took took);
  void on(wire::Finished finished);
  void on(wire::TreeState state);
  void end_conversation();
  [[nodiscard]] Active* active(job::JobId job);
  void report_end(job::JobId job, job::Outcome outcome, std::chrono::nanoseconds took);

  SessionContext& context_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  job::WorkerId worker_;
  std::shared_ptr<orchestrator::Stream> stream_;
  boost::asio::steady_timer welcome_limit_;
  boost::asio::steady_timer end_limit_;  ///< of the job that runs
  bool hopeless_ = false;                ///< its agent cannot be started, now or later
  bool abandoned_ = false;
  bool retired_ = false;
  bool ended_ = false;
  std::string violation_;  ///< what the agent said against the protocol
  Conversation conversation_;

  std::map<job::JobId, Active> active_;  ///< several only where the work needs no tree

  TreeKnowledge known_;
  bool state_expected_ = false;
  std::vector<std::string> changed_so_far_;

  Mailbox<Letter> outbox_;
  Mailbox<bool> acknowledged_;
  Mailbox<job::Outcome> tree_ready_;
  Mailbox<std::vector<std::string>> tree_states_;
};

}  // namespace nmz::coordinator
