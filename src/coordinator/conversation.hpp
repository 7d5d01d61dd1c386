// What an agent may say, and when.
//
// An agent lives where tests run, and what arrives on its stream may come from a test that got hold of it. So nothing
// it says is believed because it is well-formed: this is the table of states and messages, with bounds for everything
// that is kept or counted. Whatever is not in the table ends the worker, with the one line that hear() answers; its
// jobs are lost and run elsewhere, and never have a verdict. No race can make an honest agent break a rule: what it
// says depends on what it has read, in order, and each thing it says is told here in that order (a Cancel that crosses
// a Finished, a job withdrawn while another runs and the log of a cancelled job are in the table).
//
// Neither I/O nor clock: tests/unit/coordinator plays every order of messages against it. The states:
//
//     greeting      nothing was heard yet; only Welcome, with a kept tree where one was asked for
//     idle          nothing is asked
//     laying_out    a tree is on its way, not yet its end
//     tree_due      all of it is on its way; TreeReady, once
//     job_waiting   the first of the jobs sent has not begun; it starts, or ends without having begun
//     job_running   it runs: logs, what it takes, the next phase, its end
//     state_due     a job with a tree has ended; which files it changed
//
// Jobs that wait behind the first one begin in the order in which they were sent, and may only end before their turn
// when they were cancelled. A Heartbeat is welcome at any time and means nothing but life, whatever job it names.
// An agent with a directory for a tree that was never sent one tells an (empty) TreeState as well, before anything else
// that it says after the end of a job.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::coordinator {

/// Bounds of what one agent may have kept here; an honest one stays far below.
inline constexpr std::size_t longest_detail = 16384;        ///< Outcome::detail
inline constexpr std::size_t largest_message = 1U << 20U;   ///< a payload
inline constexpr std::uint64_t notice_size = 256;           ///< the line in the middle of a log that was cut
inline constexpr std::chrono::hours longest_run{24 * 366};  ///< of a build or a test

class Conversation {
 public:
  enum class State : std::uint8_t { greeting, idle, laying_out, tree_due, job_waiting, job_running, state_due };

  // ---- what we say

  void send(const wire::Hello& hello) {
    asked_for_kept_ = hello.kept_tree;
    asked_for_remarks_ = hello.remarks;
  }
  /// Whole frames of a tree, from TreeBegin on. Precondition: the agent has no job and owes nothing.
  void send_tree(std::string_view frames);
  void send(const wire::TreeEnd& end);
  void send(const wire::Run& run);
  void send(const wire::Cancel& cancel);

  // ---- what it says

  /// Nothing when it may say that now, else why the worker has to end, on one line.
  [[nodiscard]] std::optional<std::string> hear(const wire::Message& message);

  [[nodiscard]] State state() const;
  /// Whether it was sent a tree, and will tell after each job which files that job changed.
  [[nodiscard]] bool has_tree() const { return tree_ == Tree::answered; }

 private:
  enum class Progress : std::uint8_t { waiting, building, testing };
  enum class Owed : std::uint8_t { nothing, may, must };
  struct Job {
    job::JobId id{};
    std::uint32_t attempt = 1;
    wire::Nonce nonce;
    bool has_build = false;
    bool has_match = false;
    bool has_timeout = false;
    std::uint64_t log_limit = 0;
    std::uint64_t logged = 0;
    bool watched = false;
    std::size_t taken = 0;
    bool cancelled = false;
    Progress progress = Progress::waiting;
  };
  using Answer = std::optional<std::string>;

  [[nodiscard]] bool owes_state() const { return owed_ == Owed::must; }
  [[nodiscard]] Answer on(const wire::Welcome& welcome);
  [[nodiscard]] Answer check_kept(const wire::KeptTree& kept);
  [[nodiscard]] Answer on(const wire::TreeReady& ready);
  [[nodiscard]] Answer on(const wire::Started& started);
  [[nodiscard]] Answer on(const wire::Log& log);
  [[nodiscard]] Answer on(const wire::Took& took);
  [[nodiscard]] Answer on(const wire::Remark& remark);
  [[nodiscard]] Answer on(const wire::Finished& finished);
  [[nodiscard]] Answer on(const wire::TreeState& state);
  [[nodiscard]] static Answer on(const wire::Heartbeat& /*heartbeat*/) { return std::nullopt; }
  [[nodiscard]] static Answer check_end(const Job& job, const wire::Finished& finished);
  [[nodiscard]] static bool may_end_with(const Job& job, const job::Outcome& outcome);

  enum class Tree : std::uint8_t { none, coming, sent, answered };

  bool welcomed_ = false;
  bool asked_for_kept_ = false;
  bool asked_for_remarks_ = false;
  std::uint32_t remarks_ = 0;  ///< since our last order
  Tree tree_ = Tree::none;
  wire::Nonce tree_nonce_;
  std::deque<Job> jobs_;
  Owed owed_ = Owed::nothing;
  bool state_begun_ = false;   ///< a part of a TreeState has come, not yet the last one
  wire::PathTotals laid_out_;  ///< since everything in the tree was replaced
  wire::PathTotals told_;      ///< of the TreeState that has begun
};

}  // namespace nmz::coordinator
