#include "test_runs.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "nmz/events/stream.hpp"
#include "nmz/job/outcome.hpp"
#include "nmz/run/replay.hpp"
#include "nmz/runner/complaint.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::nmzbisect {
namespace {

using search::Said;

constexpr std::uint64_t longest_list = std::uint64_t{64} << 20;

std::string random_word() {
  std::random_device device;
  const auto number = [&device] { return (std::uint64_t{device()} << 32U) | device(); };
  const std::uint64_t first = number();
  return fmt::format("{:016x}{:016x}", first, number());
}

}  // namespace

TestRuns::TestRuns(std::unique_ptr<runner::Runner> runner, std::string name, std::vector<std::string> given,
                   std::optional<std::vector<std::string>> ids)
    : runner_{std::move(runner)},
      name_{std::move(name)},
      given_{std::move(given)},
      given_ids_{ids.has_value()},
      ids_{std::move(ids).value_or(std::vector<std::string>{})},
      mark_{"nmz-list-" + random_word()} {}

search::ManyCulpritsPlan::Questions TestRuns::questions(const search::ManyCulpritsPlan& plan) {
  search::ManyCulpritsPlan::Questions questions;
  questions.answers = [this, &plan](dispatch::Subject execution) { return answers(plan, execution); };
  questions.listed = [this](dispatch::Subject execution) { return take_list(execution); };
  questions.unit = [this](search::TestNumber test) {
    const auto number = static_cast<std::uint32_t>(units_.size());
    return units_.emplace(runner_->unit(ids_.at(test)), number).first->second;
  };
  return questions;
}

void TestRuns::give(const search::ManyCulpritsPlan& plan, const dispatch::Assign& assignment, wire::Run& run) {
  if (plan.task_of(assignment.subject) == search::ManyCulpritsPlan::Task::list) {
    listing_[assignment.job].clear();
    run.argv = runner::marked_listing(mark_, runner::listing(runner_->list(given_)).argv);
    run.log_limit = longest_list;
    return;
  }
  std::vector<std::string> ids;
  const auto tests = plan.tests_of(assignment.subject);
  for (std::size_t i = 0; i < tests.size(); ++i) {
    if (!recalled(assignment.subject, i)) ids.push_back(ids_.at(tests[i]));
  }
  under_way_.erase(assignment.job);
  const auto placed = under_way_.emplace(assignment.job, runner::GroupRun{*runner_, std::move(ids), random_word()});
  runner::Command command = placed.first->second.command(given_);
  run.argv = std::move(command.argv);
  run.input = std::move(command.input);
}

std::string TestRuns::output(job::JobId job, std::string_view bytes) {
  if (const auto list = listing_.find(job); list != listing_.end()) {
    list->second += bytes;
    return std::string{bytes};
  }
  const auto found = under_way_.find(job);
  return found == under_way_.end() ? std::string{bytes} : found->second.output(bytes);
}

std::string TestRuns::finished(const dispatch::Assign& assignment, const wire::Finished& finished) {
  Heard& heard = heard_[assignment.subject];
  heard.outcome = finished.outcome;
  if (const auto list = listing_.extract(assignment.job); !list.empty()) {
    const std::string line = mark_ + "\n";
    const std::size_t at = list.mapped().find(line);
    heard.listed = job::passed(finished.outcome) && at != std::string::npos;
    if (heard.listed) heard.list = list.mapped().substr(at + line.size());
    if (!heard.listed) {
      const std::string& said = list.mapped();
      const auto status = static_cast<int>(job::shell_status(finished.outcome));
      const std::string advice = runner::advice(status, said, name_);
      trouble_ = job::describe(finished.outcome) + ": " + text::printable(runner::complaint(said)) +
                 (advice.empty() ? "" : " (" + advice + ")");
    }
    return {};
  }
  const auto found = under_way_.find(assignment.job);
  if (found == under_way_.end()) return {};
  std::string rest = found->second.finish();
  heard.ends = found->second.ends(finished.outcome, finished.test_time, {});
  const bool silent = std::ranges::none_of(heard.ends, [](const auto& end) { return end.has_value(); });
  if (silent && !heard.ends.empty()) {
    runner::TestEnd end = found->second.silent_end(found->second.ids().front(), finished.outcome);
    trouble_ = end.detail;
    // Alone in its process it was what took that down.
    const bool its_own = end.verdict == runner::Verdict::crashed || end.verdict == runner::Verdict::timed_out;
    if (its_own && heard.ends.size() == 1) heard.ends.front() = std::move(end);
  }
  under_way_.erase(found);
  return rest;
}

void TestRuns::recall(dispatch::Subject execution, std::vector<Said> said) { recalled_[execution] = std::move(said); }

bool TestRuns::recalled(dispatch::Subject execution, std::size_t at) const {
  const auto found = recalled_.find(execution);
  return found != recalled_.end() && found->second.at(at) != Said::nothing;
}

void TestRuns::forget(job::JobId job, dispatch::Subject execution) {
  under_way_.erase(job);
  listing_.erase(job);
  heard_.erase(execution);
}

Said TestRuns::meaning(const runner::TestEnd& end) const {
  if (end.verdict == runner::Verdict::timed_out) return time_out_fails_ ? Said::failed : Said::untestable;
  if (end.verdict == runner::Verdict::unreported) return Said::nothing;
  if (runner::is_failure(end.verdict)) return Said::failed;
  return runner::is_skip(end.verdict) ? Said::untestable : Said::passed;
}

std::vector<Said> TestRuns::answers(const search::ManyCulpritsPlan& plan, dispatch::Subject execution) {
  const auto tests = plan.tests_of(execution);
  const auto found = heard_.find(execution);
  const bool nothing_heard = found == heard_.end();
  std::vector<Said> said(tests.size(), nothing_heard ? Said::untestable : Said::nothing);
  const auto known = recalled_.find(execution);
  for (std::size_t i = 0; known != recalled_.end() && i < tests.size(); ++i) {
    if (recalled(execution, i)) said[i] = known->second[i];
  }
  if (nothing_heard) return said;
  if (plan.task_of(execution) == search::ManyCulpritsPlan::Task::list) return by_list(plan, execution, found->second);
  std::size_t ran = 0;  // of those that were not known
  for (std::size_t i = 0; i < tests.size() && ran < found->second.ends.size(); ++i) {
    if (recalled(execution, i)) continue;
    const auto& end = found->second.ends[ran++];
    if (!end) continue;
    said[i] = meaning(*end);
    if (said[i] == Said::failed) details_[{tests[i], plan.commit_of(execution)}] = end->detail;
  }
  return said;
}

/// Where there is no list none of them can be tested.
std::vector<Said> TestRuns::by_list(const search::ManyCulpritsPlan& plan, dispatch::Subject execution,
                                    const Heard& heard) const {
  const auto tests = plan.tests_of(execution);
  const auto list = runner_->read_list(heard.list);
  std::vector<Said> said(tests.size(), Said::untestable);
  if (!heard.listed || !list) return said;
  const std::set<std::string, std::less<>> all{list->begin(), list->end()};
  for (std::size_t i = 0; i < tests.size(); ++i) {
    switch (runner::presence(all, ids_.at(tests[i]))) {
      case runner::Presence::there:
        said[i] = Said::nothing;
        break;
      case runner::Presence::absent:
        said[i] = Said::absent;
        break;
      case runner::Presence::readable:
        said[i] = Said::passed;
        break;
      case runner::Presence::unreadable:
        break;
    }
  }
  return said;
}

std::optional<std::size_t> TestRuns::take_list(dispatch::Subject execution) {
  const auto found = heard_.find(execution);
  if (found == heard_.end() || !found->second.listed) return std::nullopt;
  auto list = runner_->read_list(found->second.list);
  if (!list) {
    trouble_ = list.error().message;
    return std::nullopt;
  }
  std::set<std::string_view> seen;
  for (const std::string& id : *list) {
    if (seen.insert(id).second) ids_.push_back(id);
  }
  return ids_.size();
}

std::string TestRuns::detail(search::TestNumber test, dispatch::Subject commit) const {
  const auto found = details_.find({test, commit});
  return found == details_.end() ? std::string{} : found->second;
}

// ---- which tests

namespace {

/// The failures of a run, as its events tell them.
class Failures final : public events::Consumer {
 public:
  void show(const events::Event& event, events::Seconds /*now*/) override {
    if (const auto* const ended = std::get_if<events::JobEnded>(&event)) {
      if (events::is_result(ended->mark) && !ended->workload.empty()) note(ended->workload, ended->mark);
    } else if (const auto* const end = std::get_if<events::RunEnded>(&event)) {
      for (const events::Failure& earlier : end->suite.earlier_failures) note(earlier.name, events::Mark::failed);
    }
  }
  [[nodiscard]] std::vector<std::string> all() const {
    std::vector<std::string> failed;
    for (const std::string& id : order_) {
      const events::Mark mark = marks_.at(id);
      if (mark == events::Mark::failed || mark == events::Mark::timed_out) failed.push_back(id);
    }
    return failed;
  }

 private:
  void note(const std::string& id, events::Mark mark) {
    if (marks_.insert_or_assign(id, mark).second) order_.push_back(id);
  }
  std::map<std::string, events::Mark> marks_;
  std::vector<std::string> order_;
};

std::vector<std::string> lines_of(std::istream& stream) {
  std::vector<std::string> lines;
  std::set<std::string> seen;
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && seen.insert(line).second) lines.push_back(line);
  }
  return lines;
}

}  // namespace

Result<std::vector<std::string>> tests_in(const std::string& file) {
  std::ifstream stream;
  if (file != "-") {
    stream.open(file);
    if (!stream) return fail(ErrorKind::misconfigured, "--tests: '" + file + "' cannot be read");
  }
  std::vector<std::string> ids = lines_of(file == "-" ? std::cin : stream);
  if (ids.empty()) return fail(ErrorKind::misconfigured, "--tests: there is no test in '" + file + "'");
  return ids;
}

Result<std::vector<std::string>> failed_tests_of(const std::string& run) {
  return run::find_run(run, "nmzswarm").and_then([&](const std::filesystem::path& directory) {
    Failures failures;
    return run::replay(directory, [&](events::Kind) -> events::Consumer& { return failures; })
        .and_then([&](const run::Replayed&) -> Result<std::vector<std::string>> {
          std::vector<std::string> ids = failures.all();
          if (ids.empty()) {
            return fail(ErrorKind::misconfigured, "--failed-of: no test failed in the run " + directory.string());
          }
          return ids;
        });
  });
}

}  // namespace nmz::nmzbisect
