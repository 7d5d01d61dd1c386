#include "nmz/screen/model.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace nmz::screen {
namespace {

constexpr std::size_t most_notices = 200;
constexpr std::size_t most_output = std::size_t{64} << 10;
constexpr std::size_t most_bins = 64;

}  // namespace

// ---- lanes

/// From the newest commit down: a lane waits for the commit that its edge leads to. The first parent goes on in its
/// child's lane, so that the line of a branch is straight; where several lanes meet, in the lowest.
Lanes Lanes::of_history(const events::HistoryRead& history) {
  const auto nothing = static_cast<std::size_t>(-1);
  Lanes lanes;
  lanes.of.assign(history.commits.size(), 0);
  std::vector<std::size_t> waits;  // by lane: the commit that is to come
  const auto lane_for = [&waits, nothing](std::size_t commit) {
    const auto free = std::ranges::find(waits, nothing);
    if (free != waits.end()) {
      *free = commit;
      return static_cast<std::size_t>(free - waits.begin());
    }
    waits.push_back(commit);
    return waits.size() - 1;
  };
  for (std::size_t i = history.commits.size(); i-- > 0;) {
    const auto found = std::ranges::find(waits, i);
    const std::size_t lane = found == waits.end() ? lane_for(i) : static_cast<std::size_t>(found - waits.begin());
    std::ranges::replace(waits, i, nothing);
    lanes.of[i] = static_cast<std::uint8_t>(std::min<std::size_t>(lane, most - 1U));
    lanes.count = std::max<std::uint8_t>(lanes.count, lanes.of[i] + 1);
    bool first = true;
    for (const std::uint32_t parent : history.commits[i].parents) {
      if (parent < i && first) {
        waits[lane] = parent;
      } else if (parent < i && std::ranges::find(waits, parent) == waits.end()) {
        static_cast<void>(lane_for(parent));
      }
      first = false;
    }
  }
  return lanes;
}

// ---- throughput

void Throughput::add(Seconds when, std::size_t results) {
  while (when / width_ >= static_cast<double>(most_bins)) {
    width_ *= 2;
    for (std::size_t i = 0; i < bins_.size(); ++i) {
      const std::size_t both = bins_[i];
      if (i % 2 == 0) {
        bins_[i / 2] = both;
      } else {
        bins_[i / 2] += both;
      }
    }
    bins_.resize((bins_.size() + 1) / 2);
  }
  const auto bin = static_cast<std::size_t>(std::max(0.0, when / width_));
  if (bins_.size() <= bin) bins_.resize(bin + 1);
  bins_[bin] += results;
}

// ---- the fold

void Model::show(const events::Event& event, Seconds now) {
  if (ended_) return;
  advance(now);
  std::visit([this](const auto& what) { on(what); }, event);
}

void Model::advance(Seconds now) {
  const Seconds passed = std::max(now - now_, Seconds{0});
  had_ += passed * static_cast<double>(ready_);
  used_ += passed * static_cast<double>(std::min(busy_, ready_));
  now_ = std::max(now_, now);
}

Model::Worker& Model::worker(job::WorkerId id) {
  const auto number = static_cast<std::size_t>(id);
  constexpr std::size_t most = 100'000;  // a recording may say anything
  if (workers_.size() <= number) workers_.resize(std::min(number, most) + 1);
  return workers_[std::min(number, most)];
}

const Model::Running* Model::find(job::JobId job) const {
  const auto found = running_.find(job);
  return found == running_.end() ? nullptr : &found->second;
}

std::size_t Model::results() const {
  std::size_t all = 0;
  for (std::size_t i = 0; i < marks_.size(); ++i) all += is_result(static_cast<events::Mark>(i)) ? marks_.at(i) : 0;
  return all;
}

void Model::on(const events::RunStarted& event) {
  started_ = event;
  constexpr std::uint32_t most = 100'000;
  workers_.resize(std::max<std::size_t>(workers_.size(), std::min(event.workers, most)));
  left_ = event.candidates;
  rounds_left_ = event.rounds;
  if (searches()) shrinking_ = {left_};
}

void Model::on(const events::HistoryRead& event) {
  funnel_.read(event);
  belief_.read(event);
  lanes_ = Lanes::of_history(event);
  verdicts_.assign(funnel_.size(), std::nullopt);
  probes_.assign(funnel_.size(), 0);
}

void Model::on(const events::WorkloadsListed& event) {
  listed_ = event;
  left_ = items();
  expected_left_ = event.bound;
  expected_at_ = now_;
}

void Model::on(const events::WorkerReady& event) {
  Worker& one = worker(event.worker);
  if (one.state != State::ready) ++ready_;
  one.state = State::ready;
  one.node = event.node;
}

void Model::on(const events::JobAssigned& event) {
  Running one;
  one.job = event.job;
  one.worker = event.worker;
  one.attempt = event.attempt;
  one.item = event.item;
  one.since = now_;
  if (!running_.try_emplace(event.job, std::move(one)).second) return;
  if (const std::size_t at = funnel_.position(event.item); at < probes_.size()) ++probes_[at];
}

void Model::on(const events::PhaseStarted& event) {
  events::JobAssigned assigned;  // what the listing of a suite is not
  assigned.worker = event.worker;
  assigned.job = event.job;
  assigned.attempt = event.attempt;
  assigned.item = event.item;
  on(assigned);
  Running& one = running_.at(event.job);
  if (!std::exchange(one.begun, true)) ++busy_;
  one.phase = event.phase;
  one.since = now_;
  one.expected = searches() ? usual() : event.expected;
  worker(event.worker).job = event.job;
}

void Model::on(const events::StillRunning& event) {
  const auto found = running_.find(event.job);
  if (found != running_.end()) found->second.overdue = true;
}

void Model::forget(job::JobId job) {
  const auto found = running_.find(job);
  if (found == running_.end()) return;
  const Running& one = found->second;
  if (const std::size_t at = funnel_.position(one.item); at < probes_.size() && probes_[at] > 0) --probes_[at];
  if (one.begun && busy_ > 0) --busy_;
  if (Worker& its = worker(one.worker); its.job == job) its.job.reset();
  running_.erase(found);
}

void Model::on(const events::JobReturned& event) { forget(event.job); }

void Model::on(const events::Output& event) {
  const auto found = running_.find(event.job);
  if (found == running_.end()) return;
  std::string& output = found->second.output;
  found->second.printed += event.bytes.size();
  output += event.bytes;
  if (output.size() <= 2 * most_output) return;
  const std::size_t line = output.find('\n', output.size() - most_output);
  output.erase(0, line == std::string::npos ? output.size() - most_output : line + 1);
}

void Model::narrow(const std::string& item, events::Mark mark, std::size_t left) {
  if (const std::size_t at = funnel_.position(item); at < verdicts_.size()) verdicts_[at] = mark;
  funnel_.take(item, mark, left);
  belief_.take(funnel_.position(item), mark);
  left_ = left;
  if (shrinking_.empty() || shrinking_.back() != left) shrinking_.push_back(left);
}

void Model::on(const events::JobEnded& event) {
  if (event.more == 0) forget(event.job);
  if (is_result(event.mark)) {
    if (searches()) {
      narrow(event.item, event.mark, event.left);
      confidence_ = event.confidence;
      tested_ += event.took;
      ++tests_;
    } else {
      left_ = event.left;
    }
    expected_left_ = event.expected_left;
    expected_at_ = now_;
    throughput_.add(now_, searches() ? 1 : event.workloads);
  }
  marks_.at(static_cast<std::size_t>(event.mark)) += searches() ? 1 : event.workloads;
  const bool told_by_kind = event.mark == events::Mark::passed || event.mark == events::Mark::repeated;
  if (searches() || !told_by_kind) endings_.push_back(Ended{event, now_});
}

void Model::on(const events::RunsAgain& event) {
  std::size_t& count = marks_.at(static_cast<std::size_t>(event.mark));
  count -= std::min(count, event.workloads);
  left_ = event.left;
  const auto ended = std::find_if(endings_.rbegin(), endings_.rend(), [&event](const Ended& one) {
    return one.what.workload == event.workload && one.what.mark == event.mark;
  });
  if (ended != endings_.rend()) ended->what.mark = events::Mark::retried;
}

void Model::on(const events::VerdictKnown& event) {
  narrow(event.item, event.mark, event.left);
  events::JobEnded known;
  known.item = event.item;
  known.subject = event.subject;
  known.mark = event.mark;
  known.word = event.word;
  known.detail = "known";
  known.log = event.log;
  endings_.push_back(Ended{std::move(known), now_});
}

void Model::on(const events::Progress& event) {
  left_ = event.left;
  rounds_left_ = event.rounds_left;
  expected_left_ = event.expected_left;
  expected_at_ = now_;
}

void Model::on(const events::WorkerGone& event) {
  Worker& one = worker(event.worker);
  if (one.state == State::ready && ready_ > 0) --ready_;
  one.state = event.restarting ? State::starting : State::gone;
  one.trouble = event.reason;
  one.job.reset();
}

void Model::on(const events::Notice& event) {
  notices_.push_back(event.text);
  if (notices_.size() > most_notices) notices_.pop_front();
}

void Model::on(const events::RunEnded& event) {
  ended_ = event;
  while (!running_.empty()) forget(running_.begin()->first);
  // Now every attempt has its result, which is what somebody wants to see first.
  if (!searches()) {
    std::stable_partition(endings_.begin(), endings_.end(), [](const Ended& one) { return !is_result(one.what.mark); });
  }
}

// ---- time

std::optional<Seconds> Model::expected_left() const {
  if (expected_left_.count() <= 0 || ended_) return std::nullopt;
  return std::max(expected_left_ - (now_ - expected_at_), Seconds{0});
}

double Model::efficiency() const { return had_.count() > 0 ? used_ / had_ : 0; }

Seconds Model::usual() const { return tests_ == 0 ? Seconds{0} : tested_ / static_cast<double>(tests_); }

}  // namespace nmz::screen
