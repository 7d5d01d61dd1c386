// One list of fields an event, from which the JSON writer, the reader and the list of names in the manual pages' test
// all follow: a member that is added to an event is added to its list, and nowhere else. As in src/wire/fields.hpp a
// list is an overload of fields(), found by argument-dependent lookup, for reading and for writing.
#pragma once

#include <concepts>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "nmz/events/event.hpp"

namespace nmz::events {

/// For the parameter of a list: `auto fields(Is<Notice> auto& m)`.
template <class M, class T>
concept Is = std::same_as<std::remove_const_t<M>, T>;

struct Name {
  std::string_view search;
  std::string_view suite;
  [[nodiscard]] constexpr std::string_view in(Kind kind) const { return kind == Kind::search ? search : suite; }
};

/// A member and its names; an empty one: runs of that kind do not have it.
template <class T>
struct Field {
  Name name;
  T& value;            // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  bool lines = false;  ///< a text of several lines
};

template <class T>
constexpr Field<T> both(std::string_view name, T& value) {
  return {{name, name}, value};
}
template <class T>
constexpr Field<T> each(std::string_view in_search, std::string_view in_suite, T& value) {
  return {{in_search, in_suite}, value};
}
template <class T>
constexpr Field<T> search_only(std::string_view name, T& value) {
  return {{name, {}}, value};
}
template <class T>
constexpr Field<T> suite_only(std::string_view name, T& value) {
  return {{{}, name}, value};
}
template <class T>
constexpr Field<T> search_lines(std::string_view name, T& value) {
  return {{name, {}}, value, true};
}

// ---- the names of events; those without are no part of JSON

template <class E>
inline constexpr Name event_name{};
template <>
inline constexpr Name event_name<SearchPlanned>{"search-planned", {}};
template <>
inline constexpr Name event_name<RunStarted>{"search-started", "suite-started"};
template <>
inline constexpr Name event_name<HistoryRead>{"history", {}};
template <>
inline constexpr Name event_name<WorkloadsListed>{{}, "workloads-listed"};
template <>
inline constexpr Name event_name<Remembered>{{}, "workloads-remembered"};
template <>
inline constexpr Name event_name<WorkerReady>{"worker-ready", "worker-ready"};
template <>
inline constexpr Name event_name<JobAssigned>{"job-assigned", "workload-assigned"};
template <>
inline constexpr Name event_name<PhaseStarted>{"job-started", "workload-started"};
template <>
inline constexpr Name event_name<StillRunning>{{}, "workload-slow"};
template <>
inline constexpr Name event_name<JobReturned>{{}, "workload-returned"};
template <>
inline constexpr Name event_name<JobEnded>{"job-done", "workload-done"};
template <>
inline constexpr Name event_name<RunsAgain>{{}, "workload-runs-again"};
template <>
inline constexpr Name event_name<TestsTold>{"tests-told", {}};
template <>
inline constexpr Name event_name<VerdictKnown>{"verdict-known", {}};
template <>
inline constexpr Name event_name<Explained>{"explained", {}};
template <>
inline constexpr Name event_name<Progress>{"progress", {}};
template <>
inline constexpr Name event_name<WorkerGone>{"worker-gone", "worker-gone"};
template <>
inline constexpr Name event_name<Notice>{"notice", "notice"};
template <>
inline constexpr Name event_name<RunEnded>{"search-ended", "suite-ended"};

// ---- what is in them

auto fields(Is<PlannedCommit> auto& m) {
  return std::tuple{both("commit", m.commit), both("subject", m.subject), both("probe", m.probe)};
}
auto fields(Is<SearchPlanned> auto& m) {
  return std::tuple{both("candidates", m.candidates), both("workers", m.workers), both("rounds", m.rounds),
                    both("commits", m.commits)};
}
auto fields(Is<RunStarted> auto& m) {
  return std::tuple{both("title", m.title),
                    both("where", m.where),
                    both("unix_time", m.unix_time),
                    both("workers", m.workers),
                    search_only("candidates", m.candidates),
                    search_only("rounds", m.rounds),
                    both("log_directory", m.log_directory),
                    both("command", m.command),
                    both("tests", m.tests)};
}
auto fields(Is<HistoryCommit> auto& m) {
  return std::tuple{both("commit", m.commit), both("subject", m.subject), both("part", m.part),
                    both("parents", m.parents)};
}
auto fields(Is<HistoryRead> auto& m) { return std::tuple{both("left_out", m.left_out), both("commits", m.commits)}; }
auto fields(Is<WorkloadsListed> auto& m) {
  return std::tuple{both("workloads", m.workloads), both("repeated", m.repeated), both("runs", m.runs),
                    both("chunks", m.chunks),       both("bound", m.bound),       both("known", m.known)};
}
auto fields(Is<RememberedWorkload> auto& m) {
  return std::tuple{both("workload", m.workload), both("took", m.took), both("failed", m.failed)};
}
auto fields(Is<Remembered> auto& m) { return std::tuple{both("workloads", m.workloads)}; }
auto fields(Is<WorkerReady> auto& m) { return std::tuple{both("worker", m.worker), both("node", m.node)}; }
auto fields(Is<JobAssigned> auto& m) {
  return std::tuple{both("worker", m.worker), both("job", m.job), both("attempt", m.attempt),
                    each("commit", "name", m.item)};
}
auto fields(Is<PhaseStarted> auto& m) {
  return std::tuple{both("worker", m.worker),       both("job", m.job),     both("attempt", m.attempt),
                    each("commit", "name", m.item), both("phase", m.phase), suite_only("expected", m.expected)};
}
auto fields(Is<StillRunning> auto& m) {
  return std::tuple{both("worker", m.worker), both("job", m.job), both("attempt", m.attempt),
                    each("commit", "name", m.item), both("so_far", m.so_far)};
}
auto fields(Is<JobReturned> auto& m) { return std::tuple{both("worker", m.worker), both("job", m.job)}; }
auto fields(Is<JobEnded> auto& m) {
  return std::tuple{both("worker", m.worker),
                    both("job", m.job),
                    both("attempt", m.attempt),
                    each("commit", "name", m.item),
                    search_only("subject", m.subject),
                    suite_only("workload", m.workload),
                    suite_only("run", m.run),
                    suite_only("workloads", m.workloads),
                    suite_only("more", m.more),
                    search_only("verdict", m.word),
                    each("mark", "result", m.mark),
                    both("outcome", m.outcome),
                    both("detail", m.detail),
                    both("took", m.took),
                    both("log", m.log),
                    both("left", m.left),
                    both("expected_left", m.expected_left),
                    search_only("confidence", m.confidence)};
}
auto fields(Is<RunsAgain> auto& m) {
  return std::tuple{both("name", m.item), both("workload", m.workload), both("result", m.mark),
                    both("workloads", m.workloads), both("left", m.left)};
}
auto fields(Is<TestsTold> auto& m) {
  return std::tuple{both("job", m.job),       both("commit", m.item),           both("passed", m.passed),
                    both("failed", m.failed), both("untestable", m.untestable), both("absent", m.absent)};
}
auto fields(Is<VerdictKnown> auto& m) {
  return std::tuple{
      both("commit", m.item),         both("subject", m.subject), both("verdict", m.word), both("mark", m.mark),
      both("unix_time", m.unix_time), both("own", m.own),         both("log", m.log),      both("left", m.left)};
}
auto fields(Is<ExplainedCommit> auto& m) {
  return std::tuple{both("commit", m.commit), both("subject", m.subject), both("verdict", m.word),
                    both("how", m.how),       both("by", m.by),           both("why", m.why)};
}
auto fields(Is<Explained> auto& m) { return std::tuple{both("commits", m.commits)}; }
auto fields(Is<Progress> auto& m) {
  return std::tuple{both("candidates_left", m.left), both("tests", m.tests), both("rounds_left", m.rounds_left),
                    both("expected_left", m.expected_left)};
}
auto fields(Is<WorkerGone> auto& m) {
  return std::tuple{both("worker", m.worker), both("reason", m.reason), both("restarting", m.restarting),
                    both("makes_room", m.makes_room)};
}
auto fields(Is<Notice> auto& m) { return std::tuple{both("text", m.text)}; }

auto fields(Is<Suspect> auto& m) {
  return std::tuple{both("commit", m.commit), both("subject", m.subject), both("share", m.share)};
}
auto fields(Is<Claim> auto& m) {
  return std::tuple{both("about", m.about), both("commit", m.commit), both("claim", m.claim),  both("state", m.state),
                    both("right", m.right), both("wrong", m.wrong),   both("detail", m.detail)};
}
auto fields(Is<TestFailure> auto& m) { return std::tuple{both("test", m.test), both("detail", m.detail)}; }
auto fields(Is<Culprit> auto& m) {
  return std::tuple{both("state", m.state),       both("commit", m.commit), both("subject", m.subject),
                    both("suspects", m.suspects), both("tests", m.tests),   both("log", m.log)};
}
auto fields(Is<OtherTest> auto& m) {
  return std::tuple{both("test", m.test), both("state", m.state), both("failed_at", m.failed_at),
                    both("passed_at", m.passed_at)};
}
auto fields(Is<Failure> auto& m) {
  return std::tuple{both("name", m.name), both("detail", m.detail), both("took", m.took), both("log", m.log)};
}
auto fields(Is<FailureGroup> auto& m) {
  return std::tuple{both("line", m.line), both("log_stops", m.stops), both("runs", m.runs), both("detail", m.detail),
                    both("run", m.run),   both("seed", m.seed),       both("log", m.log),   both("command", m.command)};
}
auto fields(Is<HuntedWorkload> auto& m) {
  return std::tuple{both("name", m.name), both("runs", m.runs), both("failures", m.failures), both("lost", m.lost),
                    both("low", m.low),   both("high", m.high), both("rate", m.rate),         both("groups", m.groups)};
}
auto fields(Is<SettingTried> auto& m) {
  return std::tuple{both("setting", m.setting),   both("runs", m.runs), both("failures", m.failures),
                    both("too_late", m.too_late), both("low", m.low),   both("high", m.high),
                    both("rate", m.rate)};
}
auto fields(Is<ClassifiedTest> auto& m) {
  return std::tuple{both("name", m.name),       both("kind", m.kind),        both("confidence", m.confidence),
                    both("why", m.why),         both("runs", m.runs),        both("lost", m.lost),
                    both("workers", m.workers), both("before", m.before),    both("longest", m.longest),
                    both("limit", m.limit),     both("settings", m.settings)};
}
auto fields(Is<TimeSplit> auto& m) {
  return std::tuple{both("work", m.work),           both("start_up", m.start_up), both("dispatch", m.dispatch),
                    both("imbalance", m.imbalance), both("retries", m.retries),   both("idle", m.idle)};
}
auto fields(Is<PhaseReached> auto& m) { return std::tuple{both("phase", m.phase), both("at", m.at)}; }

auto search_result(auto& m) {
  return std::tuple{search_only("suspects", m.suspects),
                    search_only("tests", m.tests),
                    search_only("good", m.good),
                    search_only("bad", m.bad),
                    search_only("skip", m.skip),
                    search_only("known", m.known),
                    search_only("serial_tests", m.serial_tests),
                    search_only("deciding_log", m.deciding_log),
                    search_lines("log_end", m.log_end),
                    search_lines("answer", m.answer),
                    search_lines("patch", m.patch),
                    search_only("confidence", m.confidence),
                    search_only("no_culprit", m.no_culprit),
                    search_only("false_failures", m.false_failures),
                    search_only("false_passes", m.false_passes),
                    search_only("proof", m.proof),
                    search_only("culprits", m.culprits),
                    search_only("other_tests", m.other_tests)};
}
auto suite_counts(auto& m) {
  return std::tuple{suite_only("passed", m.passed),       suite_only("failed", m.failed),
                    suite_only("timed_out", m.timed_out), suite_only("flaky", m.flaky),
                    suite_only("lost", m.lost),           suite_only("cancelled", m.cancelled),
                    suite_only("not_run", m.not_run),     suite_only("skipped", m.skipped)};
}
auto suite_result(auto& m) {
  return std::tuple_cat(
      suite_counts(m.counts),
      std::tuple{suite_only("failures", m.failures), suite_only("earlier_failures", m.earlier_failures),
                 suite_only("flaky_workloads", m.flaky), suite_only("hunted", m.hunted),
                 suite_only("classified", m.classified), suite_only("makespan", m.makespan),
                 suite_only("bound", m.bound), suite_only("time_split", m.split), suite_only("phases", m.phases)});
}
auto fields(Is<RunEnded> auto& m) {
  return std::tuple_cat(std::tuple{both("result", m.result), both("message", m.message)}, search_result(m.search),
                        suite_result(m.suite),
                        std::tuple{both("workers", m.workers), both("wall", m.wall),
                                   both("log_directory", m.log_directory), both("exit_code", m.exit_code)});
}

}  // namespace nmz::events
