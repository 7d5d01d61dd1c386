#include "runner_work.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace nmz::nmzswarm {
namespace {

using runner::Verdict;

/// So many executions that say nothing about any test, before one has said something, and the rest is not tried.
constexpr std::size_t most_silent = 6;

}  // namespace

std::vector<std::string> RunnerWork::listing() const { return runner::listing(runner_->list(given_)).argv; }

Result<std::string> RunnerWork::list(std::string_view output) {
  for (const runner::TestEnd& end : runner_->read_times(output)) listed_times_[end.id] = end.took;
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

runner::Command RunnerWork::begin(job::JobId job, std::vector<std::string> ids, const std::string& secret) {
  under_way_.erase(job);
  return under_way_.emplace(job, runner::GroupRun{*runner_, std::move(ids), secret}).first->second.command(given_);
}

std::string RunnerWork::output(job::JobId job, std::string_view bytes) {
  const auto found = under_way_.find(job);
  return found == under_way_.end() ? std::string{bytes} : found->second.output(bytes);
}

std::string RunnerWork::finished(const dispatch::Assign& assignment, const job::Outcome& outcome,
                                 std::chrono::nanoseconds took, bool learns) {
  const auto found = under_way_.find(assignment.job);
  if (found == under_way_.end()) return {};
  runner::GroupRun& execution = found->second;
  std::string rest = execution.finish();
  runner::GroupRun::Ends ends = execution.ends(outcome, took, skip_codes_);
  heard_ = heard_ || std::ranges::any_of(ends, [](const auto& end) { return end.has_value(); });
  const bool hopeless = !heard_ && ++silent_ > most_silent;
  for (std::size_t i = 0; i < ends.size() && (ends.size() == 1 || hopeless); ++i) {
    if (!ends[i]) ends[i] = execution.silent_end(execution.ids()[i], outcome);
  }
  if (learns) learn_start(took, ends);
  ends_[assignment.subject] = std::move(ends);
  under_way_.erase(found);
  return rest;
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

void RunnerWork::expect_as_listed(const std::vector<std::string>& ids,
                                  std::vector<schedule::Expectation>& expectations) const {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto listed = listed_times_.find(ids[i]);
    if (!expectations[i] && listed != listed_times_.end()) expectations[i] = listed->second;
  }
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
