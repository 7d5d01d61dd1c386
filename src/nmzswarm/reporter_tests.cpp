// The ends of the tests that shared an execution: one event each.
#include <utility>

#include <fmt/format.h>

#include "reporter.hpp"
#include "runner_work.hpp"

namespace nmz::nmzswarm {
namespace {

using runner::Verdict;

events::Mark mark_of_verdict(Verdict verdict) {
  if (runner::is_skip(verdict)) return events::Mark::skipped;
  if (verdict == Verdict::timed_out) return events::Mark::timed_out;
  return runner::is_failure(verdict) ? events::Mark::failed : events::Mark::passed;
}

job::Class class_of(Verdict verdict) {
  if (verdict == Verdict::timed_out) return job::Class::timed_out;
  return runner::is_failure(verdict) ? job::Class::failed : job::Class::passed;
}

/// What the mark does not say by itself.
std::string detail_of(const runner::TestEnd& end) {
  const bool said = end.verdict == Verdict::passed || end.verdict == Verdict::failed ||
                    end.verdict == Verdict::skipped || end.verdict == Verdict::timed_out;
  const std::string word = said ? "" : runner::to_string(end.verdict);
  return word + (word.empty() || end.detail.empty() ? "" : ": ") + end.detail;
}

}  // namespace

void Reporter::tests_ended(const dispatch::Ended& ended, const events::JobEnded& common) {
  const schedule::GroupPlan& plan = *suite_.groups();
  const auto tests = plan.workloads(ended.subject);
  const auto& ends = suite_.runner()->ends(ended.subject);
  for (std::size_t i = 0; i < tests.size(); ++i) {
    events::JobEnded done = common;
    const std::string& id = suite_.ids().at(tests[i]);
    done.item = id;
    done.workload = id;
    done.workloads = 1;
    done.more = tests.size() - 1 - i;
    ran_.insert(id);
    const bool settled = plan.settled(tests[i]);
    if (i < ends.size() && ends[i]) {
      describe_test(tests[i], *ends[i], settled, done);
    } else if (!settled) {
      done.mark = events::Mark::retried;
      done.detail = "its process ended before it was done";
      done.outcome = job::Class::infrastructure;
      done.took = events::Seconds{0};
    }
    if (settled && suite_.expectations().at(tests[i])) {
      work_left_.settle(*suite_.expectations()[tests[i]], done.took);
    }
    done.expected_left = expected_left();
    show_end(done);
  }
  show_trouble();
}

/// Of --classify: the test that is asked about is the last one of its process.
void Reporter::describe_repetition(const dispatch::Ended& ended, events::JobEnded& done) const {
  if (suite_.runner() == nullptr) return;
  const auto& ends = suite_.runner()->ends(ended.subject);
  if (ends.empty() || !ends.back()) return;
  done.outcome = class_of(ends.back()->verdict);
  done.detail = detail_of(*ends.back());
  done.took = ends.back()->took;
}

void Reporter::describe_test(schedule::Workload test, const runner::TestEnd& end, bool settled,
                             events::JobEnded& done) {
  const schedule::GroupPlan& plan = *suite_.groups();
  done.mark = settled ? mark_of_verdict(end.verdict) : events::Mark::retried;
  if (settled && plan.failures_of(test) > 0 && !runner::is_failure(end.verdict)) done.mark = events::Mark::flaky;
  done.outcome = class_of(end.verdict);
  done.detail = detail_of(end);
  done.took = end.took;
  done.run = plan.executions_of(test);
  if (!runner::is_failure(end.verdict) || end.output.empty()) return;
  std::string name = suite_.test_log_name(test);
  if (done.run > 1) name += fmt::format(".attempt-{}", done.run);
  name += ".log";
  if (const auto written = logs_.write(name, end.output); written) done.log = (logs_.directory() / name).string();
}

}  // namespace nmz::nmzswarm
