// The coordinator's end of one agent's stream, as session.cpp has it, without coroutines, pool and clock.
//
// The rules are the real ones (coordinator::Conversation, wire::Decoder); what is modelled is only what the session
// does with what they let through: a tree before each Run, the Run with its nonce, the events for the dispatcher.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/wire/codec.hpp"

#include "conversation.hpp"
#include "random.hpp"

namespace nmz::simulation {

class SessionModel {
 public:
  SessionModel(job::WorkerId worker, bool has_trees, std::uint64_t seed);

  // ---- what the dispatcher asks for
  void assign(const dispatch::Assign& assign);
  void cancel(const dispatch::Cancel& cancel);
  void shut_down();
  /// Sends the rest of the tree that is on its way.
  void go_on();

  // ---- what the stream brings
  void hear(std::string_view bytes);

  [[nodiscard]] bool tree_is_half_sent() const { return half_sent_; }
  [[nodiscard]] bool is_greeted() const { return conversation_.state() != coordinator::Conversation::State::greeting; }
  /// Why the worker has to end; empty while it may go on.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// The Run of a job that was sent.
  [[nodiscard]] const wire::Run* run(job::JobId job) const;

  std::vector<dispatch::Event> take_events() { return std::exchange(events_, {}); }
  std::string take_bytes() { return std::exchange(bytes_, {}); }

 private:
  struct Active {
    dispatch::Assign assign;
    bool cancelled = false;
    bool sent = false;
  };

  void on(const wire::Welcome& welcome);
  void on(const wire::TreeReady& ready);
  void on(const wire::Finished& finished);
  void on(const wire::TreeState& state);
  void begin(const dispatch::Assign& assign);
  void send_run(const dispatch::Assign& assign);
  void end(job::JobId job, const job::Outcome& outcome, std::chrono::nanoseconds took);
  void post(const wire::Message& message) { wire::encode(message, bytes_); }

  job::WorkerId worker_;
  bool has_trees_;
  Random random_;
  coordinator::Conversation conversation_;
  wire::Decoder decoder_{coordinator::largest_message};
  std::map<job::JobId, Active> active_;
  std::map<job::JobId, wire::Run> runs_;
  std::optional<dispatch::Assign> waits_for_state_;
  std::optional<dispatch::Assign> being_laid_out_;
  bool half_sent_ = false;
  bool state_expected_ = false;
  std::string violation_;
  std::vector<dispatch::Event> events_;
  std::string bytes_;
};

}  // namespace nmz::simulation
