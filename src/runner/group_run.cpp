#include "nmz/runner/group_run.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace nmz::runner {
namespace {

constexpr std::size_t tail_kept = std::size_t{16} << 10;

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

TestEnd without_word(const std::string& id, const job::Outcome& outcome, const std::string& output) {
  TestEnd end;
  end.id = id;
  end.detail = job::describe(outcome);
  end.verdict = outcome.kind == job::OutcomeKind::timed_out  ? Verdict::timed_out
                : outcome.kind == job::OutcomeKind::signaled ? Verdict::crashed
                : job::passed(outcome)                       ? Verdict::unreported
                                                             : Verdict::error;
  if (end.verdict == Verdict::error) end.detail += ", no verdict: " + last_line(output);
  if (end.verdict == Verdict::unreported) end.detail = "its process ended with status 0, without a verdict";
  end.output = output;
  return end;
}

/// Of a runner without reports.
TestEnd end_by_status(const std::string& id, const job::Outcome& outcome, std::chrono::nanoseconds took,
                      const std::string& output) {
  TestEnd end = without_word(id, outcome, output);
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

GroupRun::GroupRun(const Runner& runner, std::vector<std::string> ids, const std::string& secret)
    : runner_{&runner}, ids_{std::move(ids)}, mark_{"nmz-report-" + secret}, envelope_{mark_} {}

Command GroupRun::command(const std::vector<std::string>& given) const {
  return enveloped(runner_->run(given, ids_), ids_, mark_);
}

std::string GroupRun::output(std::string_view bytes) {
  std::string text = envelope_.take(bytes);
  tail_ += text;
  if (tail_.size() > 2 * tail_kept) tail_.erase(0, tail_.size() - tail_kept);
  return text;
}

std::string GroupRun::finish() {
  std::string rest = envelope_.finish();
  tail_ += rest;
  return rest;
}

TestEnd GroupRun::silent_end(const std::string& id, const job::Outcome& outcome) const {
  return without_word(id, as_runner(outcome), tail_);
}

GroupRun::Ends GroupRun::ends(const job::Outcome& outcome, std::chrono::nanoseconds took,
                              std::span<const std::int32_t> skip_codes) const {
  if (!runner_->status_is_verdict() || ids_.size() != 1) return judged(as_runner(outcome));
  TestEnd end = end_by_status(ids_[0], as_runner(outcome), took, tail_);
  const bool exited = outcome.kind == job::OutcomeKind::exited;
  const bool skips = exited && std::ranges::find(skip_codes, outcome.code) != skip_codes.end();
  if (skips) end.verdict = Verdict::skipped;
  return {std::move(end)};
}

GroupRun::Ends GroupRun::judged(const job::Outcome& outcome) const {
  const auto files = envelope_.files();
  Report report = files ? runner_->read_report(*files, ids_) : Report{};
  std::unordered_map<std::string_view, TestEnd*> by_id;
  // Of several ends of one test a failure counts.
  for (TestEnd& end : report.ends) {
    const auto [known, fresh] = by_id.emplace(end.id, &end);
    if (!fresh && is_failure(end.verdict)) known->second = &end;
  }
  Ends ends(ids_.size());
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const auto found = by_id.find(ids_[i]);
    if (found != by_id.end()) ends[i] = *found->second;
    if (ends[i] || !files || report.running != ids_[i]) continue;
    ends[i] = without_word(ids_[i], outcome, tail_);
    if (ends[i]->verdict == Verdict::timed_out) continue;
    ends[i]->verdict = Verdict::crashed;  // killed, or it has left by itself
    ends[i]->detail = job::passed(outcome) ? "exit 0" : job::describe(outcome);
  }
  return ends;
}

Presence presence(const std::set<std::string, std::less<>>& list, std::string_view id) {
  constexpr std::string_view inside = "::";
  if (list.contains(id)) return Presence::there;
  const std::size_t file = id.find(inside);
  if (file != std::string_view::npos) {
    return list.contains(id.substr(0, file)) ? Presence::unreadable : Presence::absent;
  }
  const std::string first = std::string{id} + std::string{inside};
  const auto next = list.lower_bound(first);
  return next != list.end() && next->starts_with(first) ? Presence::readable : Presence::absent;
}

}  // namespace nmz::runner
