#include "runner_work.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzswarm {
namespace {

using runner::Verdict;

constexpr std::size_t tail_kept = std::size_t{16} << 10;
/// So many executions that say nothing about any test, before one has said something, and the rest is not tried.
constexpr std::size_t most_silent = 6;

/// The shell around the runner turns signals into statuses.
job::Outcome as_runner(job::Outcome outcome) {
  constexpr std::int32_t signals = 128;
  constexpr std::int32_t last_signal = 64;
  const bool exited = outcome.kind == job::OutcomeKind::exited;
  if (exited && outcome.code > signals && outcome.code <= signals + last_signal) {
    outcome.kind = job::OutcomeKind::signaled;
    outcome.code -= signals;
  }
  return outcome;
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  constexpr std::size_t longest = 300;
  return std::string{text.substr(text.rfind('\n') + 1).substr(0, longest)};
}

runner::TestEnd silent_end(const std::string& id, const job::Outcome& outcome, std::string output) {
  runner::TestEnd end;
  end.id = id;
  end.detail = job::describe(outcome);
  end.verdict = outcome.kind == job::OutcomeKind::timed_out  ? Verdict::timed_out
                : outcome.kind == job::OutcomeKind::signaled ? Verdict::crashed
                : job::passed(outcome)                       ? Verdict::unreported
                                                             : Verdict::error;
  if (end.verdict == Verdict::error) end.detail += ", no verdict: " + last_line(output);
  if (end.verdict == Verdict::unreported) end.detail = "its process ended with status 0, without a verdict";
  end.output = std::move(output);
  return end;
}

/// Of a runner without reports.
runner::TestEnd end_by_status(const std::string& id, const job::Outcome& outcome, std::chrono::nanoseconds took,
                              const std::string& output) {
  runner::TestEnd end = silent_end(id, outcome, output);
  end.took = took;
  if (end.verdict == Verdict::error) {
    end.verdict = Verdict::failed;
    end.detail = job::describe(outcome);
  } else if (end.verdict == Verdict::unreported) {
    end.verdict = Verdict::passed;
    end.detail.clear();
  }
  return end;
}

}  // namespace

std::vector<std::string> RunnerWork::listing() const { return runner::listing(runner_->list(given_)).argv; }

Result<std::string> RunnerWork::list(std::string_view output) const {
  return runner_->read_list(output).map([](const std::vector<std::string>& ids) {
    std::string text;
    for (std::string id : ids) {
      std::ranges::replace(id, '\n', ' ');
      text += id;
      text += '\n';
    }
    return text;
  });
}

runner::Command RunnerWork::begin(job::JobId job, std::vector<std::string> ids, std::string secret) {
  const std::string mark = "nmz-report-" + std::move(secret);
  runner::Command command = runner::enveloped(runner_->run(given_, ids), ids, mark);
  under_way_.erase(job);
  under_way_.emplace(job, UnderWay{mark}).first->second.ids = std::move(ids);
  return command;
}

std::string RunnerWork::output(job::JobId job, std::string_view bytes) {
  const auto found = under_way_.find(job);
  if (found == under_way_.end()) return std::string{bytes};
  std::string text = found->second.envelope.take(bytes);
  std::string& tail = found->second.tail;
  tail += text;
  if (tail.size() > 2 * tail_kept) tail.erase(0, tail.size() - tail_kept);
  return text;
}

std::string RunnerWork::finished(const dispatch::Assign& assignment, const job::Outcome& outcome,
                                 std::chrono::nanoseconds took) {
  const auto found = under_way_.find(assignment.job);
  if (found == under_way_.end()) return {};
  UnderWay& execution = found->second;
  std::string rest = execution.envelope.finish();
  execution.tail += rest;
  const auto files = execution.envelope.files();
  runner::Report report = files ? runner_->read_report(*files, execution.ids) : runner::Report{};
  std::vector<std::optional<runner::TestEnd>> ends(execution.ids.size());
  if (runner_->status_is_verdict() && ends.size() == 1) {
    ends[0] = end_by_status(execution.ids[0], as_runner(outcome), took, execution.tail);
    const bool exited = outcome.kind == job::OutcomeKind::exited;
    const bool skips = exited && std::ranges::find(skip_codes_, outcome.code) != skip_codes_.end();
    if (skips) ends[0]->verdict = Verdict::skipped;
  } else {
    judge(execution, as_runner(outcome), files.has_value(), std::move(report), ends);
  }
  learn_start(took, ends);
  ends_[assignment.subject] = std::move(ends);
  under_way_.erase(found);
  return rest;
}

void RunnerWork::judge(const UnderWay& execution, const job::Outcome& outcome, bool complete, runner::Report report,
                       std::vector<std::optional<runner::TestEnd>>& ends) {
  std::unordered_map<std::string_view, runner::TestEnd*> by_id;
  // Of several ends of one test a failure counts.
  for (runner::TestEnd& end : report.ends) {
    const auto [known, fresh] = by_id.emplace(end.id, &end);
    if (!fresh && runner::is_failure(end.verdict)) known->second = &end;
  }
  bool heard = false;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const auto found = by_id.find(execution.ids[i]);
    if (found != by_id.end()) ends[i] = *found->second;
    if (!ends[i] && complete && report.running == execution.ids[i]) {
      ends[i] = silent_end(execution.ids[i], outcome, execution.tail);
      if (ends[i]->verdict != Verdict::timed_out) {  // killed, or it has left by itself
        ends[i]->verdict = Verdict::crashed;
        ends[i]->detail = job::passed(outcome) ? "exit 0" : job::describe(outcome);
      }
    }
    heard = heard || ends[i];
  }
  heard_ = heard_ || heard;
  const bool hopeless = !heard_ && ++silent_ > most_silent;
  if (ends.size() > 1 && !hopeless) return;
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (!ends[i]) ends[i] = silent_end(execution.ids[i], outcome, execution.tail);
  }
}

void RunnerWork::learn_start(std::chrono::nanoseconds took, const std::vector<std::optional<runner::TestEnd>>& ends) {
  for (const auto& end : ends) {
    if (!end || end->verdict == Verdict::crashed || end->verdict == Verdict::timed_out) return;
    took -= end->took;
  }
  if (took.count() <= 0) return;
  starts_.push_back(took);
  std::vector<std::chrono::nanoseconds> sorted = starts_;
  std::ranges::sort(sorted);
  start_ = sorted[sorted.size() / 2];
}

std::vector<history::Observation> RunnerWork::starts() const {
  if (starts_.empty()) return {};
  history::Observation row;
  row.workload = start_row;
  row.took = start_;
  return {row};
}

std::vector<schedule::Answer> RunnerWork::answers(dispatch::Subject subject) const {
  std::vector<schedule::Answer> answers;
  for (const auto& end : ends(subject)) {
    schedule::Answer answer;
    if (end) answer.said = runner::is_failure(end->verdict) ? schedule::Said::failed : schedule::Said::passed;
    if (end) answer.took = end->took;
    answers.push_back(answer);
  }
  return answers;
}

const std::vector<std::optional<runner::TestEnd>>& RunnerWork::ends(dispatch::Subject subject) const {
  static const std::vector<std::optional<runner::TestEnd>> none;
  const auto found = ends_.find(subject);
  return found == ends_.end() ? none : found->second;
}

std::vector<std::uint32_t> RunnerWork::units(const std::vector<std::string>& ids) const {
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  std::vector<std::uint32_t> units;
  units.reserve(ids.size());
  for (const std::string& id : ids) {
    units.push_back(numbers.emplace(runner_->unit(id), static_cast<std::uint32_t>(numbers.size())).first->second);
  }
  return units;
}

}  // namespace nmz::nmzswarm
