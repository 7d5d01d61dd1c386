// See conversation.hpp.
#include "conversation.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include "nmz/text/utf8.hpp"
#include "nmz/wire/kept_tree.hpp"

namespace nmz::coordinator {
namespace {

using State = Conversation::State;
using job::OutcomeKind;

/// For each state what may be heard in it; what a message says is looked at after that.
struct Row {
  State state;
  bool welcome, tree_ready, started, log, finished, tree_state, heartbeat, took, remark;
};
constexpr std::array<Row, 7> table{{
    //                   Welcome TreeReady Started Log    Finished TreeState Heartbeat Took   Remark
    {State::greeting, true, false, false, false, false, false, false, false, false},
    {State::idle, false, false, false, false, false, true, true, false, true},
    {State::laying_out, false, false, false, false, false, true, true, false, true},
    {State::tree_due, false, true, false, false, false, true, true, false, true},
    {State::job_waiting, false, false, true, false, true, true, true, false, true},
    {State::job_running, false, false, true, true, true, false, true, true, true},
    {State::state_due, false, false, false, false, false, true, true, false, true},
}};

constexpr std::array<const char*, 7> said_while{
    "before its greeting",        "with nothing to do", "while its tree is being sent",    "while it lays its tree out",
    "before its job has started", "while its job runs", "instead of the state of its tree"};

template <class T>
inline constexpr bool Row::*column = nullptr;
template <>
inline constexpr bool Row::*column<wire::Welcome> = &Row::welcome;
template <>
inline constexpr bool Row::*column<wire::TreeReady> = &Row::tree_ready;
template <>
inline constexpr bool Row::*column<wire::Started> = &Row::started;
template <>
inline constexpr bool Row::*column<wire::Log> = &Row::log;
template <>
inline constexpr bool Row::*column<wire::Finished> = &Row::finished;
template <>
inline constexpr bool Row::*column<wire::TreeState> = &Row::tree_state;
template <>
inline constexpr bool Row::*column<wire::Heartbeat> = &Row::heartbeat;
template <>
inline constexpr bool Row::*column<wire::Took> = &Row::took;
template <>
inline constexpr bool Row::*column<wire::Remark> = &Row::remark;

template <class T>
inline constexpr const char* name_of = "";
template <>
inline constexpr const char* name_of<wire::Welcome> = "Welcome";
template <>
inline constexpr const char* name_of<wire::TreeReady> = "TreeReady";
template <>
inline constexpr const char* name_of<wire::Started> = "Started";
template <>
inline constexpr const char* name_of<wire::Log> = "Log";
template <>
inline constexpr const char* name_of<wire::Finished> = "Finished";
template <>
inline constexpr const char* name_of<wire::TreeState> = "TreeState";
template <>
inline constexpr const char* name_of<wire::Heartbeat> = "Heartbeat";
template <>
inline constexpr const char* name_of<wire::Took> = "Took";
template <>
inline constexpr const char* name_of<wire::Remark> = "Remark";

std::string broke(std::string_view how) { return "its agent broke the protocol: " + std::string{how}; }

bool is_duration(std::chrono::microseconds lasted) { return lasted.count() >= 0 && lasted <= longest_run; }

bool is_within(std::int32_t code, std::int32_t first, std::int32_t last) { return code >= first && code <= last; }

}  // namespace

// ---- what we say

void Conversation::send_tree(std::string_view frames) {
  if (!jobs_.empty() || owes_state()) throw std::logic_error("a tree is sent to a worker that is busy");
  const wire::PathTotals sent = wire::path_totals(frames);
  if (sent.replaced) laid_out_ = {};
  laid_out_.paths += sent.paths;
  laid_out_.bytes += sent.bytes;
  tree_ = Tree::coming;
  remarks_ = 0;
}

void Conversation::send(const wire::TreeEnd& end) {
  tree_ = Tree::sent;
  tree_nonce_ = end.nonce;
}

void Conversation::send(const wire::Run& run) {
  Job job;
  job.id = run.job;
  job.attempt = run.attempt;
  job.nonce = run.nonce;
  job.has_build = !run.build.empty();
  job.has_match = !run.match.empty();
  job.has_timeout = run.timeout.count() > 0;
  job.log_limit = run.log_limit;
  job.watched = run.watch;
  jobs_.push_back(job);
  remarks_ = 0;
}

void Conversation::send(const wire::Cancel& cancel) {
  const auto found = std::ranges::find(jobs_, cancel.job, &Job::id);
  if (found != jobs_.end()) found->cancelled = true;
}

// ---- what it says

State Conversation::state() const {
  if (!welcomed_) return State::greeting;
  if (tree_ == Tree::coming) return State::laying_out;
  if (tree_ == Tree::sent) return State::tree_due;
  if (owes_state() || state_begun_) return State::state_due;
  if (jobs_.empty()) return State::idle;
  return jobs_.front().progress == Progress::waiting ? State::job_waiting : State::job_running;
}

std::optional<std::string> Conversation::hear(const wire::Message& message) {
  return std::visit(
      [this](const auto& said) -> Answer {
        using Said = std::decay_t<decltype(said)>;
        if constexpr (requires { this->on(said); }) {
          const auto now = static_cast<std::size_t>(state());
          if (!(table.at(now).*column<Said>)) return broke(std::string{name_of<Said>} + ' ' + said_while.at(now));
          return on(said);
        } else {
          return broke("a message that only a coordinator sends");
        }
      },
      message);
}

Conversation::Answer Conversation::on(const wire::Welcome& welcome) {
  if (std::max(welcome.version.size(), welcome.node.size()) > wire::longest_name) return broke("a name without end");
  if (welcome.protocol != wire::protocol_version) {
    return "its agent (version " + text::printable(welcome.version) + ") speaks another protocol";
  }
  if (Answer wrong = check_kept(welcome.kept)) return wrong;
  welcomed_ = true;
  return std::nullopt;
}

/// What it says of its paths is the bound for what it may say of them later.
Conversation::Answer Conversation::check_kept(const wire::KeptTree& kept) {
  if (kept == wire::KeptTree{}) return std::nullopt;
  if (!asked_for_kept_) return broke("a tree that nobody asked for");
  std::uint64_t changed = 0;
  for (const std::string& path : kept.changed) changed += path.size();
  const bool bounded = kept.label.size() <= wire::longest_name && kept.paths <= wire::most_paths_of_kept &&
                       kept.bytes <= wire::most_bytes_of_paths && kept.changed.size() <= kept.paths &&
                       changed <= wire::most_bytes_of_changes;
  if (kept.label.empty() || !bounded) return broke("a tree that cannot have been kept");
  laid_out_.paths = kept.paths;
  laid_out_.bytes = kept.bytes;
  return std::nullopt;
}

Conversation::Answer Conversation::on(const wire::TreeReady& ready) {
  if (ready.nonce != tree_nonce_) return broke("an answer about its tree that is not its own");
  const job::Outcome& outcome = ready.outcome;
  const bool there = job::passed(outcome);
  const bool failed = outcome.kind == OutcomeKind::unprepared || outcome.kind == OutcomeKind::untestable;
  if (!there && !failed) return broke("a tree that is neither there nor not");
  if (outcome.detail.size() > longest_detail) return broke("an explanation without end");
  tree_ = Tree::answered;
  owed_ = Owed::nothing;
  return std::nullopt;
}

Conversation::Answer Conversation::on(const wire::Started& started) {
  Job& job = jobs_.front();
  if (started.job != job.id) return broke("another job than the next one has started");
  const Progress before = job.progress;
  if (started.phase == job::Phase::build) {
    if (before != Progress::waiting || !job.has_build) return broke("a build that was not asked for");
    job.progress = Progress::building;
  } else {
    if (before != (job.has_build ? Progress::building : Progress::waiting)) return broke("a test started twice");
    job.progress = Progress::testing;
  }
  owed_ = Owed::nothing;  // it would have come before
  return std::nullopt;
}

Conversation::Answer Conversation::on(const wire::Log& log) {
  Job& job = jobs_.front();
  if (log.job != job.id) return broke("the log of a job that does not run");
  if (log.bytes.empty()) return broke("a piece of a log with nothing in it");  // there could be any number of them
  job.logged += log.bytes.size();
  if (job.log_limit > 0 && job.logged > job.log_limit + notice_size) return broke("more log than --log-limit allows");
  return std::nullopt;
}

Conversation::Answer Conversation::on(const wire::Took& took) {
  Job& job = jobs_.front();
  if (took.job != job.id) return broke("what a job takes that does not run");
  if (!job.watched || ++job.taken > wire::most_taken) return broke("more of what its job takes than was asked for");
  if (took.what.name.size() > wire::longest_name) return broke("a name without end");
  return std::nullopt;
}

Conversation::Answer Conversation::on(const wire::Remark& remark) {
  if (!asked_for_remarks_ || ++remarks_ > wire::most_remarks) return broke("more remarks than were asked for");
  if (remark.text.size() > wire::longest_remark) return broke("a remark without end");
  return std::nullopt;
}

Conversation::Answer Conversation::on(const wire::Finished& finished) {
  const auto job = std::ranges::find(jobs_, finished.job, &Job::id);
  if (job == jobs_.end()) return broke("the end of a job that it does not have");
  const bool withdrawn = job->cancelled && finished.outcome.kind == OutcomeKind::cancelled;
  if (job != jobs_.begin() && !withdrawn) return broke("the end of a job whose turn has not come");
  if (Answer wrong = check_end(*job, finished)) return wrong;
  if (job == jobs_.begin()) owed_ = tree_ == Tree::answered ? Owed::must : Owed::may;
  jobs_.erase(job);
  return std::nullopt;
}

Conversation::Answer Conversation::check_end(const Job& job, const wire::Finished& finished) {
  if (finished.nonce != job.nonce) return broke("an end of its job that is not its own");
  if (finished.attempt != job.attempt) return broke("the end of another attempt");
  for (const auto& time : {finished.build_time, finished.test_time, finished.cpu_time}) {
    if (!is_duration(time)) return broke("a job of impossible length");
  }
  if (finished.outcome.detail.size() > longest_detail) return broke("an explanation without end");
  if (!may_end_with(job, finished.outcome)) return broke("an end that its job cannot have");
  const bool more_cut = finished.log_cut > finished.log_bytes;
  const std::uint64_t kept = more_cut ? 0 : finished.log_bytes - finished.log_cut;
  const std::uint64_t notice = finished.log_cut > 0 ? notice_size : 0;
  if (more_cut || job.logged < kept || job.logged - kept > notice) return broke("a log of another length than told");
  return std::nullopt;
}

/// Whether a job that has come this far can end so.
bool Conversation::may_end_with(const Job& job, const job::Outcome& outcome) {
  constexpr std::int32_t highest_status = 255;
  constexpr std::int32_t highest_signal = 127;
  const bool testing = job.progress == Progress::testing;
  if (!outcome.matched && !(job.has_match && testing)) return false;
  if (outcome.watched && !job.watched) return false;
  switch (outcome.kind) {
    case OutcomeKind::exited:
      return testing && is_within(outcome.code, 0, highest_status);
    case OutcomeKind::signaled:
      return testing && is_within(outcome.code, 1, highest_signal);
    case OutcomeKind::timed_out:
      return testing && job.has_timeout;
    case OutcomeKind::build_failed:
      return job.progress == Progress::building && is_within(outcome.code, 1, highest_status);
    case OutcomeKind::not_started:
    case OutcomeKind::untestable:
      return !testing;
    case OutcomeKind::unprepared:
    case OutcomeKind::cancelled:
      return true;  // no verdict: the job is run again
    case OutcomeKind::lost:
    case OutcomeKind::skipped:
      break;
  }
  return false;
}

/// No more than was laid out: an agent cannot make us remember what it likes.
Conversation::Answer Conversation::on(const wire::TreeState& state) {
  if (owed_ == Owed::nothing && !state_begun_) return broke("a state of its tree that nobody asked for");
  // Of these there could be any number: each is a sign of life, and the next job waits for the last one.
  if (state.changed.empty() && !state.last) return broke("a part of the state of its tree with nothing in it");
  told_.paths += state.changed.size();
  for (const std::string& path : state.changed) told_.bytes += path.size();
  if (told_.paths > laid_out_.paths || told_.bytes > laid_out_.bytes) return broke("more changed files than it has");
  state_begun_ = !state.last;
  if (state.last) {
    owed_ = Owed::nothing;
    told_ = {};
  }
  return std::nullopt;
}

}  // namespace nmz::coordinator
