// What happens during a run, in words a person or a program can use: one stream for both programs.
//
// A narrator turns what the coordinator observes into these events, and everything else is a consumer of them: what is
// printed, --json, the recording beside the logs, counts, reports. So none of them can disagree with another, and a run
// that was recorded can be shown again, in every way, as if it happened now.
//
// A search for a commit and a run of a suite are told in one envelope; an item is the commit, or the workload. What
// only one of them has is said at the member. How they are called in JSON: json.hpp.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "nmz/job/outcome.hpp"

namespace nmz::events {

using Seconds = std::chrono::duration<double>;

enum class Kind : std::uint8_t { search, suite };

struct PlannedCommit {
  std::string commit;
  std::string subject;
  bool probe = false;  ///< tested first
  friend bool operator==(const PlannedCommit&, const PlannedCommit&) = default;
};

/// All there is of a search's dry run.
struct SearchPlanned {
  std::size_t candidates = 0;
  std::uint32_t workers = 0;
  double rounds = 0;                   ///< expected
  std::vector<PlannedCommit> commits;  ///< the newest first
  friend bool operator==(const SearchPlanned&, const SearchPlanned&) = default;
};

struct RunStarted {
  std::string title;     ///< the repository's name, the image's, ...
  std::string where;     ///< "processes on this machine", "containers of dummy", ...
  Seconds unix_time{0};  ///< when it began, since 1970 in UTC
  std::uint32_t workers = 0;
  std::size_t candidates = 0;  ///< search
  double rounds = 0;           ///< search: expected
  std::string log_directory;
  std::string command;  ///< the program's own, for a shell; without the values of environment variables
  std::string tests;    ///< what is run for each item, for a shell; empty where the image or the configuration says it
  friend bool operator==(const RunStarted&, const RunStarted&) = default;
};

/// What a commit is to a search: it may be the answer; it is known or has to be good; or it only connects others.
enum class Part : std::uint8_t { candidate, good_end, passage };

struct HistoryCommit {
  std::string commit;
  std::string subject;
  Part part = Part::candidate;
  std::vector<std::uint32_t> parents;  ///< positions in the list
  friend bool operator==(const HistoryCommit&, const HistoryCommit&) = default;
};

/// Of a search: the history it is about, once. Of one with more than 20,000 commits only the number.
struct HistoryRead {
  std::size_t left_out = 0;            ///< commits that are not in the list
  std::vector<HistoryCommit> commits;  ///< parents first, the bad end last
  friend bool operator==(const HistoryRead&, const HistoryRead&) = default;
};

/// Of a suite: the list is known.
struct WorkloadsListed {
  std::size_t workloads = 0;
  bool repeated = false;   ///< a hunt: each runs many times
  std::uint64_t runs = 1;  ///< of each; 0 = nobody knows yet
  std::size_t chunks = 0;  ///< 0: each workload is its own execution
  Seconds bound{0};        ///< expected; no schedule is shorter; 0 = nothing is known
  std::size_t known = 0;   ///< of so many the history knows how long they take
  friend bool operator==(const WorkloadsListed&, const WorkloadsListed&) = default;
};

struct RememberedWorkload {
  std::string workload;
  std::vector<Seconds> took;        ///< of its last executions, the oldest first
  std::vector<std::size_t> failed;  ///< which of these did not pass, counted from 0
  friend bool operator==(const RememberedWorkload&, const RememberedWorkload&) = default;
};

/// Of a suite, after its list: what the history knows of earlier runs. Not told of very long lists.
struct Remembered {
  std::vector<RememberedWorkload> workloads;
  friend bool operator==(const Remembered&, const Remembered&) = default;
};

/// For the first time, or again after a loss.
struct WorkerReady {
  job::WorkerId worker{};
  std::string node;
  friend bool operator==(const WorkerReady&, const WorkerReady&) = default;
};

/// It may wait at its worker, or its files are sent there, before anything of it begins.
struct JobAssigned {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string item;  ///< 40 hex digits, or the workload's name for people
  friend bool operator==(const JobAssigned&, const JobAssigned&) = default;
};

/// Its build or its test begins.
struct PhaseStarted {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string item;
  job::Phase phase = job::Phase::test;
  Seconds expected{0};  ///< suite; 0 = unknown
  friend bool operator==(const PhaseStarted&, const PhaseStarted&) = default;
};

/// Of a suite: it runs for longer than is usual. Told again each time it has run twice as long.
struct StillRunning {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string item;
  Seconds so_far{0};
  friend bool operator==(const StillRunning&, const StillRunning&) = default;
};

/// It was assigned, has not begun, and is handed out again.
struct JobReturned {
  job::WorkerId worker{};
  job::JobId job{};
  friend bool operator==(const JobReturned&, const JobReturned&) = default;
};

/// Some output of a running job. Not part of JSON and of recordings: the logs have it.
struct Output {
  job::JobId job{};
  std::string bytes;
  friend bool operator==(const Output&, const Output&) = default;
};

/// What an execution means for its item. `passed` and `failed` are good and bad (old and new) in a search. `flaky`:
/// passed after it had failed. `skipped`: what was to be tested said that it cannot be. `lost`: no worker could give it
/// a result. `stopped`: the command ended the search. The last three say why there is no result (retried: its worker
/// was lost, or its failure does not count yet). `repeated`: an execution of --classify, which only says why it failed.
enum class Mark : std::uint8_t {
  passed,
  failed,
  timed_out,
  skipped,
  flaky,
  lost,
  stopped,
  retried,
  cancelled,
  late,
  repeated,
};

[[nodiscard]] constexpr bool is_result(Mark mark) { return mark < Mark::retried; }

/// "passed", "timed-out", ...: stable words for scripts.
[[nodiscard]] const char* word_of(Mark mark);

struct JobEnded {
  job::WorkerId worker{};
  job::JobId job{};
  std::uint32_t attempt = 1;
  std::string item;
  std::string subject;        ///< search: the first line of the commit's message
  std::string workload;       ///< suite: its id; empty for the making of the list
  std::uint64_t run = 1;      ///< suite: which execution of this workload it was; in a hunt the number of the run
  std::size_t workloads = 1;  ///< suite: how many it was about
  std::size_t more = 0;       ///< suite: workloads of the same job whose ends follow at once
  Mark mark = Mark::passed;
  std::string word;  ///< search: the result in the user's words (--term-old, ...), "skip", "retry", ...
  job::Class outcome = job::Class::passed;  ///< of this execution alone
  std::string detail;                       ///< exit code, signal, ...
  Seconds took{0};
  std::string log;           ///< path, may be empty
  std::size_t left = 0;      ///< candidates, or workloads without a result
  Seconds expected_left{0};  ///< 0 = unknown
  double confidence = 0;     ///< search with a flaky test: in the most probable first bad commit; 0 = not such a one
  friend bool operator==(const JobEnded&, const JobEnded&) = default;
};

/// Of a suite, on the user's word: the result that it has got is taken back, and it is handed out anew. A failure
/// counts again where the run ends before it has another result.
struct RunsAgain {
  std::string item;
  std::string workload;       ///< as in its JobEnded
  Mark mark = Mark::failed;   ///< what is taken back
  std::size_t workloads = 1;  ///< how many it is about
  std::size_t left = 0;       ///< workloads without a result
  friend bool operator==(const RunsAgain&, const RunsAgain&) = default;
};

/// Of a search: what a commit is, is remembered, and it is not tested.
struct VerdictKnown {
  std::string item;     ///< 40 hex digits
  std::string subject;  ///< the first line of the commit's message
  Mark mark = Mark::passed;
  std::string word;      ///< the result in the user's words
  Seconds unix_time{0};  ///< when it was tested, since 1970 in UTC
  bool own = false;      ///< by this search, before it was interrupted
  std::string log;       ///< of that test; may be gone
  std::size_t left = 0;  ///< candidates
  friend bool operator==(const VerdictKnown&, const VerdictKnown&) = default;
};

/// Of a search: with every result, just before its JobEnded.
struct Progress {
  std::size_t left = 0;      ///< candidates
  std::size_t tests = 0;     ///< results so far
  double rounds_left = 0;    ///< expected
  Seconds expected_left{0};  ///< 0 while nothing is known of how long a job takes
  friend bool operator==(const Progress&, const Progress&) = default;
};

/// Of a search for what broke many tests: what an execution said of its tests. After its JobEnded.
struct TestsTold {
  job::JobId job{};
  std::string item;  ///< 40 hex digits
  std::vector<std::string> passed;
  std::vector<std::string> failed;
  std::vector<std::string> untestable;  ///< skipped, or without a verdict
  std::vector<std::string> absent;      ///< the commit does not have them
  friend bool operator==(const TestsTold&, const TestsTold&) = default;
};

struct WorkerGone {
  job::WorkerId worker{};
  std::string reason;
  bool restarting = false;
  bool makes_room = false;  ///< ended on purpose, not lost
  friend bool operator==(const WorkerGone&, const WorkerGone&) = default;
};

/// Something a person should know; one line.
struct Notice {
  std::string text;
  friend bool operator==(const Notice&, const Notice&) = default;
};

// ---- the end

struct Suspect {
  std::string commit;
  std::string subject;
  double share = 0;
  friend bool operator==(const Suspect&, const Suspect&) = default;
};

/// What --prove tested again.
struct Claim {
  std::string about;   ///< "culprit", "parent", "reverted" (the bad end without the culprit)
  std::string commit;  ///< of the last one the bad end
  std::string claim;   ///< what it was claimed to be, in the user's words
  std::string state;   ///< "held", "failed", "untestable", "undecided", "not-tested"
  std::size_t right = 0;
  std::size_t wrong = 0;
  std::string detail;  ///< why it did not hold, or could not be tested
  friend bool operator==(const Claim&, const Claim&) = default;
};

/// Of a search for what broke many tests.
struct TestFailure {
  std::string test;
  std::string detail;  ///< of its failure, one line; may be empty
  friend bool operator==(const TestFailure&, const TestFailure&) = default;
};

struct Culprit {
  std::string state;    ///< "found"; "since-added": the tests are there since `commit`, and fail; "only-skipped"
  std::string commit;   ///< empty where it is one of the suspects
  std::string subject;  ///< the first line of its message
  std::vector<Suspect> suspects;
  std::vector<TestFailure> tests;
  std::string log;  ///< path; of the test of `commit`; may be empty
  friend bool operator==(const Culprit&, const Culprit&) = default;
};

/// A test that no commit is blamed for.
struct OtherTest {
  std::string test;
  std::string state;  ///< "old", "passes", "fixed", "absent", "untestable", "flaky", "no-single-commit", "unfinished"
  std::string failed_at;  ///< a commit; empty where that does not matter
  std::string passed_at;  ///< of a flaky one: the same commit, or a descendant
  friend bool operator==(const OtherTest&, const OtherTest&) = default;
};

struct SearchResult {
  std::vector<Suspect> suspects;
  std::size_t tests = 0;
  std::size_t good = 0;
  std::size_t bad = 0;
  std::size_t skip = 0;
  std::size_t known = 0;         ///< verdicts of earlier tests
  std::size_t serial_tests = 0;  ///< of a search with one worker; 0 = unknown
  std::string deciding_log;      ///< path; of the test that the result rests on
  std::string log_end;           ///< and its last lines
  std::string answer;            ///< what is on standard output: lines
  std::string patch;             ///< what the commit that was found changes: lines; the beginning of a very long one
  // Of a search with a flaky test; 0 otherwise.
  double confidence = 0;      ///< in the result, or in the most probable commit where there is none
  double no_culprit = 0;      ///< how probable it is that there is none: the test fails at one rate everywhere
  double false_failures = 0;  ///< how often the test fails at a good commit, as given or learnt
  double false_passes = 0;    ///< how often it passes at a bad one
  std::vector<Claim> proof;   ///< of a search with --prove
  // Of a search for what broke many tests.
  std::vector<Culprit> culprits;       ///< those with most tests first
  std::vector<OtherTest> other_tests;  ///< but for those of a whole suite that pass at the bad end
  friend bool operator==(const SearchResult&, const SearchResult&) = default;
};

struct SuiteCounts {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t timed_out = 0;
  std::size_t skipped = 0;  ///< by themselves: with an exit code that says so
  std::size_t flaky = 0;
  std::size_t lost = 0;
  std::size_t cancelled = 0;  ///< ended on the way
  std::size_t not_run = 0;
  [[nodiscard]] std::size_t all() const {
    return passed + failed + timed_out + skipped + flaky + lost + cancelled + not_run;
  }
  friend bool operator==(const SuiteCounts&, const SuiteCounts&) = default;
};

/// Where workers x wall went.
struct TimeSplit {
  Seconds work{0};       ///< executions that count, as their workers measured them
  Seconds start_up{0};   ///< until workers were ready, also after a loss; and the making of the list
  Seconds dispatch{0};   ///< what executions that count took beyond their work
  Seconds imbalance{0};  ///< workers without work while the last workloads ran
  Seconds retries{0};    ///< executions that do not count
  Seconds idle{0};
  [[nodiscard]] Seconds total() const { return work + start_up + dispatch + imbalance + retries + idle; }
  friend bool operator==(const TimeSplit&, const TimeSplit&) = default;
};

struct Failure {
  std::string name;
  std::string detail;
  Seconds took{0};
  std::string log;
  friend bool operator==(const Failure&, const Failure&) = default;
};

/// Failures of one workload that look like one.
struct FailureGroup {
  std::string line;    ///< the first one that a passing run's log does not have
  bool stops = false;  ///< the log has no such line, it just stops; `line` is its last one
  std::string detail;  ///< of the first run: exit code, signal, ...
  std::vector<std::uint64_t> runs;
  std::uint64_t run = 0;  ///< the first one; what follows is about it
  std::uint64_t seed = 0;
  std::string log;
  std::string command;  ///< repeats it
  friend bool operator==(const FailureGroup&, const FailureGroup&) = default;
};

struct HuntedWorkload {
  std::string name;
  std::uint64_t runs = 0;  ///< with a result
  std::uint64_t failures = 0;
  std::uint32_t lost = 0;
  double low = 0;  ///< of the 95 % interval of the failure rate
  double high = 1;
  std::string rate;  ///< in words
  std::vector<FailureGroup> groups;
  friend bool operator==(const HuntedWorkload&, const HuntedWorkload&) = default;
};

/// Repetitions of a failed test in one setting.
struct SettingTried {
  std::string setting;  ///< "alone", "beside others", "under CPU load", "after what ran before it"
  std::uint32_t runs = 0;
  std::uint32_t failures = 0;
  std::uint32_t too_late = 0;  ///< of these: passed, but after the time limit
  double low = 0;              ///< of the 95 % interval of the failure rate
  double high = 1;
  std::string rate;  ///< in words
  friend bool operator==(const SettingTried&, const SettingTried&) = default;
};

/// Why a test has failed, as its repetitions say (--classify).
struct ClassifiedTest {
  std::string name;
  std::string kind;  ///< "genuine", "flaky", "contention", "time-limit", "order-dependent", "undecided"
  double confidence = 0;
  std::string why;            ///< a sentence
  std::uint32_t runs = 0;     ///< repetitions
  std::uint32_t lost = 0;     ///< and those without a result
  std::uint32_t workers = 0;  ///< on which they were
  std::string before;         ///< what ran before it; may be empty
  Seconds longest{0};         ///< of its repetitions
  Seconds limit{0};           ///< the time limit; 0 = none
  std::vector<SettingTried> settings;
  friend bool operator==(const ClassifiedTest&, const ClassifiedTest&) = default;
};

struct PhaseReached {
  std::string phase;
  Seconds at{0};
  friend bool operator==(const PhaseReached&, const PhaseReached&) = default;
};

struct SuiteResult {
  SuiteCounts counts;
  std::vector<Failure> failures;
  std::vector<Failure> earlier_failures;   ///< of the run that this one goes on with, and not run again
  std::vector<Failure> flaky;              ///< each with its last failure
  std::vector<HuntedWorkload> hunted;      ///< empty unless it was a hunt
  std::vector<ClassifiedTest> classified;  ///< of a run with --classify: what failed
  Seconds makespan{0};                     ///< from the first workload's start to the last one's end
  Seconds bound{0};                        ///< max(total / workers, longest), of the durations measured
  TimeSplit split;
  std::vector<PhaseReached> phases;  ///< when each was reached, since the start
  friend bool operator==(const SuiteResult&, const SuiteResult&) = default;
};

struct RunEnded {
  std::string result;   ///< "found", "passed", "interrupted", ...: stable words for scripts
  std::string message;  ///< one line, may be empty
  std::uint32_t workers = 0;
  Seconds wall{0};
  std::string log_directory;
  int exit_code = 0;
  SearchResult search;  ///< as the run's kind says
  SuiteResult suite;
  friend bool operator==(const RunEnded&, const RunEnded&) = default;
};

/// Of a search, before its end: why each commit is taken for what it is.
struct ExplainedCommit {
  std::string commit;
  std::string subject;
  std::string word;  ///< in the user's words, "skip", "unknown"
  std::string how;   ///< "tested", "known", "implied", "given", "open": stable words for scripts
  std::string by;    ///< implied: the commit whose verdict implies it
  std::string why;   ///< a sentence
  friend bool operator==(const ExplainedCommit&, const ExplainedCommit&) = default;
};

struct Explained {
  std::vector<ExplainedCommit> commits;  ///< the newest first
  friend bool operator==(const Explained&, const Explained&) = default;
};

/// Only time has passed. Not part of JSON.
struct Tick {
  friend bool operator==(const Tick&, const Tick&) = default;
};

using Event = std::variant<SearchPlanned, RunStarted, HistoryRead, WorkloadsListed, Remembered, WorkerReady,
                           JobAssigned, PhaseStarted, StillRunning, JobReturned, Output, JobEnded, RunsAgain, TestsTold,
                           VerdictKnown, Explained, Progress, WorkerGone, Notice, RunEnded, Tick>;

}  // namespace nmz::events
