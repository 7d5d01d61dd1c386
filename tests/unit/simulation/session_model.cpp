#include "session_model.hpp"

#include <type_traits>
#include <variant>

namespace nmz::simulation {
namespace {

void add_file(std::string path, std::string& frames) {
  wire::TreeFile file;
  file.path = std::move(path);
  wire::encode(file, frames);
}

job::Outcome cancelled() {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::cancelled;
  return outcome;
}

}  // namespace

SessionModel::SessionModel(job::WorkerId worker, bool has_trees, std::uint64_t seed)
    : worker_(worker), has_trees_(has_trees), random_(seed) {
  post(wire::Hello{});
}

const wire::Run* SessionModel::run(job::JobId job) const {
  const auto found = runs_.find(job);
  return found == runs_.end() ? nullptr : &found->second;
}

// ---- what the dispatcher asks for

void SessionModel::assign(const dispatch::Assign& assign) {
  active_[assign.job].assign = assign;
  if (!has_trees_) return send_run(assign);
  if (state_expected_) {
    waits_for_state_ = assign;
  } else {
    begin(assign);
  }
}

void SessionModel::cancel(const dispatch::Cancel& cancel) {
  const auto found = active_.find(cancel.job);
  if (found == active_.end()) return;
  Active& it = found->second;
  it.cancelled = it.cancelled || !cancel.only_if_waiting || !it.sent;
  if (!it.sent) return;
  const wire::Cancel message{cancel.job, cancel.only_if_waiting};
  conversation_.send(message);
  post(message);
}

void SessionModel::shut_down() {
  for (auto& [job, it] : active_) it.cancelled = true;
  post(wire::Shutdown{});
}

void SessionModel::begin(const dispatch::Assign& assign) {
  being_laid_out_ = assign;
  std::string frames;
  wire::encode(wire::TreeBegin{random_.chance(0.3), false}, frames);
  if (random_.chance(0.7)) add_file("a/file", frames);
  conversation_.send_tree(frames);
  bytes_ += frames;
  half_sent_ = true;
}

void SessionModel::go_on() {
  if (!std::exchange(half_sent_, false)) return;
  std::string frames;
  if (random_.chance(0.7)) add_file("another file", frames);
  conversation_.send_tree(frames);
  bytes_ += frames;
  wire::TreeEnd end;
  end.nonce = {random_.bits(), random_.bits()};
  conversation_.send(end);
  post(end);
}

void SessionModel::send_run(const dispatch::Assign& assign) {
  Active& it = active_.at(assign.job);
  if (it.cancelled) return end(assign.job, cancelled(), {});
  wire::Run run;
  run.job = assign.job;
  run.attempt = assign.attempt;
  run.nonce = {random_.bits(), random_.bits()};
  run.argv = {"test"};
  if (random_.chance(0.3)) run.build = "make";
  if (random_.chance(0.3)) run.match = "x";
  if (random_.chance(0.5)) run.log_limit = random_.between(1, 4) * 1000;
  it.sent = true;
  state_expected_ = conversation_.has_tree();
  conversation_.send(run);
  post(run);
  runs_[run.job] = std::move(run);
}

// ---- what the stream brings

void SessionModel::hear(std::string_view bytes) {
  decoder_.feed(bytes);
  bool heard = false;
  while (violation_.empty()) {
    auto next = decoder_.next();
    if (!next) violation_ = next.error().message;
    if (!next || !*next) return;
    if (auto wrong = conversation_.hear(**next)) {
      violation_ = std::move(*wrong);
      return;
    }
    if (!std::exchange(heard, true)) events_.emplace_back(dispatch::WorkerAlive{worker_});
    std::visit(
        [this](const auto& message) {
          if constexpr (requires { this->on(message); }) on(message);
        },
        **next);
  }
}

void SessionModel::on(const wire::Welcome& /*welcome*/) { events_.emplace_back(dispatch::WorkerReady{worker_}); }

void SessionModel::on(const wire::TreeReady& ready) {
  const dispatch::Assign assign = *std::exchange(being_laid_out_, std::nullopt);
  const bool there = ready.outcome.kind == job::OutcomeKind::exited && ready.outcome.code == 0;
  if (there) return send_run(assign);
  end(assign.job, ready.outcome, {});
}

void SessionModel::on(const wire::Finished& finished) {
  if (active_.contains(finished.job)) end(finished.job, finished.outcome, finished.test_time);
}

void SessionModel::on(const wire::TreeState& state) {
  if (!state.last) return;
  state_expected_ = false;
  if (waits_for_state_) begin(*std::exchange(waits_for_state_, std::nullopt));
}

void SessionModel::end(job::JobId job, const job::Outcome& outcome, std::chrono::nanoseconds took) {
  active_.erase(job);
  dispatch::JobEnded ended;
  ended.worker = worker_;
  ended.job = job;
  ended.outcome = outcome;
  ended.took = took;
  events_.emplace_back(std::move(ended));
}

}  // namespace nmz::simulation
