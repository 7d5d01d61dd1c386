// The master script's list is its standard output; what it writes to standard error is for people. An agent sends both
// in one stream, so a shell around the script collects its output and prints it at the end, behind a line that nobody
// else can have written.
#include "suite.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>
#include <sys/random.h>

#include "nmz/report/rate.hpp"
#include "nmz/runner/complaint.hpp"
#include "nmz/runner/envelope.hpp"
#include "nmz/schedule/retry_plan.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/wire/codec.hpp"

#include "cpu_load.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr std::uint64_t longest_list = std::uint64_t{1} << 30;
/// The kernel refuses a variable that is longer (MAX_ARG_STRLEN is 128 KiB).
constexpr std::size_t longest_variable = std::size_t{100} << 10;

/// One frame carries the command, its environment and its standard input; some room is for the rest of it.
constexpr std::size_t largest_run = wire::max_payload - (std::size_t{256} << 10);
constexpr std::size_t word_overhead = 16;
/// For --timeout 5x: the noise of what lasts an instant is large.
constexpr std::chrono::milliseconds shortest_multiple{5000};

std::uint64_t random_number() {
  std::uint64_t number = 0;
  static_cast<void>(::getrandom(&number, sizeof number, 0));
  return number;
}

std::string one_line(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text::printable(text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1));
}

std::string how(const job::Outcome& outcome) {
  switch (outcome.kind) {
    case job::OutcomeKind::exited:
      return "ended with status " + std::to_string(outcome.code);
    case job::OutcomeKind::timed_out:
      return "timed out";
    case job::OutcomeKind::not_started:
      return "cannot be started: " + outcome.detail;
    case job::OutcomeKind::signaled:
      return "was killed by signal " + std::to_string(outcome.code);
    default:
      return "found no worker: " + outcome.detail;
  }
}

/// An image's own script is left as it is.
CommandTemplate::Options no_place() {
  CommandTemplate::Options options;
  options.place.clear();
  return options;
}

/// Letters, digits and a few signs of the id: enough to recognise the file.
std::string file_name(const std::string& id) {
  constexpr std::size_t longest = 80;
  std::string result = id.substr(0, longest);
  std::replace_if(
      result.begin(), result.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.' && c != '+'; }, '_');
  return result;
}

}  // namespace

Suite::Suite(const Options& options, std::uint32_t workers, std::vector<std::string> command, Expect expect)
    : options_{options},
      workers_{workers},
      command_{std::move(command)},
      template_{command_, options.command.empty() ? no_place() : place_of(options)},
      environment_{options.environment},
      expect_{std::move(expect)},
      mark_{fmt::format("nmzswarm-list-{:016x}{:016x}", random_number(), random_number())},
      seed_{options.seed.value_or(options.again.hunts() ? random_number() & 0xffffffffU : random_number())} {}

Result<void> Suite::set_list(WorkloadList list) {
  listing_.list = std::move(list);
  auto batches = make_plan();
  Result<void> fits = check_sizes(*batches);
  use(std::make_unique<schedule::ListedPlan>(std::move(batches)));
  return fits;
}

void Suite::set_master_script(std::string script) {
  lister_ = {"/bin/sh", "-c", std::move(script)};
  use(std::make_unique<schedule::ListedPlan>([this](const job::Outcome& outcome) { return take_listing(outcome); }));
}

void Suite::use(std::unique_ptr<schedule::ListedPlan> plan) {
  plan_ = std::move(plan);
  plan_->read_outcomes_as([this](dispatch::Subject subject, const job::Outcome& outcome) {
    job::Outcome meant = outcome;
    if (skips(subject, outcome)) meant.kind = job::OutcomeKind::skipped;
    if (groups_ == nullptr) note_end(subject, meant);
    return meant;
  });
}

bool Suite::skips(dispatch::Subject subject, const job::Outcome& outcome) const {
  if (groups_ != nullptr || subject == schedule::listing || outcome.kind != job::OutcomeKind::exited ||
      outcome.disk_full)
    return false;
  const auto& codes = options_.skip_codes;
  return std::ranges::find(codes, outcome.code) != codes.end() && batches()->failures_before(subject) == 0;
}

void Suite::set_runner(std::unique_ptr<RunnerWork> runner) {
  runner_ = std::move(runner);
  runner_->skip_by(options_.skip_codes);
  lister_ = runner_->listing();
  use(std::make_unique<schedule::ListedPlan>([this](const job::Outcome& outcome) { return take_listing(outcome); }));
}

std::unique_ptr<schedule::WorkloadPlan> Suite::make_groups() {
  schedule::GroupOptions options;
  options.workers = workers_;
  options.start = runner_->start();
  options.units = runner_->units(ids());
  options.retries = options_.again.retries;
  options.failures_to_stop = options_.fail_fast;
  options.largest = runner_->most_together();
  const auto answers = [this](dispatch::Subject subject, const job::Outcome& outcome) {
    note_end(subject, outcome);
    groups_->learn_start(runner_->start());
    return runner_->answers(subject);
  };
  auto plan = std::make_unique<schedule::GroupPlan>(expectations_, std::move(options), answers);
  groups_ = plan.get();
  return plan;
}

std::unique_ptr<schedule::WorkloadPlan> Suite::make_hunt() {
  schedule::RepeatOptions options;
  options.runs = options_.again.repeat;
  options.failures_to_stop = options_.again.until_fail > 0 ? options_.again.until_fail : options_.fail_fast;
  if (options_.again.hunt_for.count() > 0) options.time = options_.again.hunt_for;
  if (const double width = options_.again.stop_at_width; width > 0) {
    options.enough = [width](std::uint64_t failures, std::uint64_t runs) {
      const report::Interval interval = report::wilson_interval(failures, runs);
      return interval.high - interval.low <= width;
    };
  }
  auto plan = std::make_unique<schedule::RepeatPlan>(ids().size(), std::move(options));
  hunt_ = plan.get();
  return plan;
}

std::unique_ptr<schedule::WorkloadPlan> Suite::constrained(std::unique_ptr<schedule::WorkloadPlan> plan) const {
  auto rules = constraints(options_.apart, ids());
  if (!rules || !options_.apart.any()) return plan;  // an error was told before the run
  return std::make_unique<schedule::ConstrainedPlan>(std::move(plan), std::move(*rules));
}

void Suite::tell_time(std::chrono::nanoseconds now) {
  if (hunt_ != nullptr) hunt_->tell_time(now);
  if (classification_ != nullptr) classification_->plan().tell_time(now);
}

std::uint64_t Suite::run_number(dispatch::Subject subject, std::uint32_t attempt) const {
  if (const auto* const again = experiment(subject); again != nullptr) return again->number;
  return hunt_ != nullptr && subject != schedule::listing ? hunt_->number(subject) : attempt;
}

std::unique_ptr<schedule::WorkloadPlan> Suite::make_plan() {
  expectations_ = expect_(ids());
  if (runner_) runner_->expect_as_listed(ids(), expectations_);
  if (options_.again.hunts()) return constrained(make_hunt());
  if (runner_) return classified(make_groups());
  schedule::BatchOptions options;
  options.grouping = options_.chunked ? schedule::Grouping::chunks : schedule::Grouping::singly;
  options.workers = workers_;
  options.chunks = options_.chunks;
  options.shuffle = options_.shuffle;
  options.seed = seed_;
  options.failures_to_stop = options_.fail_fast;
  // A shuffled order is asked for, and the same one for a seed, whatever is remembered meanwhile.
  auto order = options.shuffle ? std::vector<schedule::Expectation>(ids().size()) : expectations_;
  auto plan = std::make_unique<schedule::BatchPlan>(std::move(order), options);
  if (options_.again.retries == 0) return classified(constrained(std::move(plan)));
  return classified(constrained(std::make_unique<schedule::RetryPlan>(std::move(plan), options_.again.retries)));
}

Result<void> Suite::check_sizes(const schedule::WorkloadPlan& plan) const {
  std::size_t common = 0;
  for (const auto* words : {&command_, &environment_}) {
    for (const std::string& word : *words) common += word.size() + word_overhead;
  }
  if (common > largest_run) {
    return fail(ErrorKind::misconfigured, "the command and its environment are too large");
  }
  // An id is in the input, in a variable, and at each place of the command.
  const std::size_t room = (largest_run - common) / (template_.places() + 1);
  for (const std::string& id : ids()) {
    if (id.size() < room) continue;
    return fail(ErrorKind::misconfigured, fmt::format("a workload's id is longer than {} bytes", room));
  }
  for (dispatch::Subject chunk = 0; chunk < chunks(); ++chunk) {
    std::size_t size = 0;
    for (const schedule::Workload workload : plan.workloads(chunk)) size += ids().at(workload).size() + 1;
    if (size <= room) continue;
    return fail(
        ErrorKind::misconfigured,
        fmt::format("the ids of chunk {} are more than {} bytes: cut the list into more --chunks", chunk, room));
  }
  return {};
}

std::unique_ptr<schedule::WorkloadPlan> Suite::take_listing(const job::Outcome& outcome) {
  const std::string line = mark_ + "\n";
  const std::size_t mark = listing_output_.find(line);
  std::unique_ptr<schedule::WorkloadPlan> plan;
  if (job::passed(outcome) && mark != std::string::npos) {
    auto list = listed(std::string_view{listing_output_}.substr(mark + line.size()));
    Result<void> usable = list.map([](const WorkloadList&) {});
    if (list) {
      listing_.list = std::move(*list);
      if (narrow_) narrow_(listing_.list.ids);
      plan = make_plan();
      usable = check_sizes(*plan);
    }
    if (!usable) {
      plan.reset();
      listing_.list = {};
      listing_.failed = true;
      listing_.message = usable.error().message;
    }
  } else {
    const std::string said = runner_ ? text::printable(runner::complaint(listing_output_)) : one_line(listing_output_);
    const std::string advice =
        runner_ ? runner::advice(static_cast<int>(job::shell_status(outcome)), listing_output_, options_.runner) : "";
    listing_.failed = true;
    listing_.message = name(schedule::listing) + " " + how(outcome) + (said.empty() ? "" : ": " + said) +
                       (advice.empty() ? "" : " (" + advice + ")");
    listing_.output = std::move(listing_output_);
  }
  listing_output_ = {};
  if (listed_) listed_();
  return plan;
}

Result<WorkloadList> Suite::listed(std::string_view output) const {
  if (!runner_) return read_list(output, options_.selection);
  return runner_->list(output).and_then(
      [this](const std::string& text) { return read_list(text, options_.selection); });
}

void Suite::listing_output(std::string_view bytes) { listing_output_ += bytes; }

std::size_t Suite::chunks() const {
  if (!options_.chunked) return 0;
  return std::min<std::size_t>(options_.chunks == 0 ? workers_ : options_.chunks, ids().size());
}

std::string Suite::name(dispatch::Subject subject) const {
  if (subject == schedule::listing) return runner_ ? "the listing of the tests" : "the master script";
  if (const auto* const again = experiment(subject); again != nullptr) return experiment_name(*again);
  const auto workloads = batches()->workloads(subject);
  if (hunt_ != nullptr) return fmt::format("{} (run {})", ids().at(workloads.front()), hunt_->number(subject));
  if (groups_ != nullptr && workloads.size() > 1) {
    return fmt::format("{} tests from {}", workloads.size(), ids().at(workloads.front()));
  }
  if (!options_.chunked) return ids().at(workloads.front());
  const std::string& first = ids().at(workloads.front());
  if (workloads.size() == 1) return fmt::format("chunk {} ({})", subject, first);
  return fmt::format("chunk {} ({} workloads: {}, ...)", subject, workloads.size(), first);
}

std::optional<schedule::Workload> Suite::find(const std::string& workload) const {
  if (batches() == nullptr) return std::nullopt;
  for (dispatch::Subject chunk = 0; chunk < chunks(); ++chunk) {
    if (name(chunk) == workload) return batches()->workloads(chunk).front();
  }
  const auto found = std::ranges::find(ids(), workload);
  if (found == ids().end()) return std::nullopt;
  return static_cast<schedule::Workload>(found - ids().begin());
}

std::string Suite::log_name(dispatch::Subject subject) const {
  if (subject == schedule::listing) return "master-script";
  if (const auto* const again = experiment(subject); again != nullptr) {
    return fmt::format("{:06}-{}.{}-{}", again->workload, file_name(ids().at(again->workload)),
                       again->neighbour ? "beside" : "again", again->number);
  }
  if (options_.chunked) return fmt::format("chunk-{}", subject);
  if (groups_ != nullptr) return fmt::format("group-{}", subject);
  const schedule::Workload workload = batches()->workloads(subject).front();
  const std::string run = hunt_ == nullptr ? "" : fmt::format(".run-{}", hunt_->number(subject));
  return fmt::format("{:06}-{}{}", workload, file_name(ids().at(workload)), run);
}

std::string Suite::test_log_name(schedule::Workload test) const {
  return fmt::format("{:06}-{}", test, file_name(ids().at(test)));
}

schedule::Expectation Suite::expected(dispatch::Subject subject) const {
  if (subject == schedule::listing) return std::nullopt;
  std::chrono::nanoseconds total = groups_ != nullptr ? runner_->start() : std::chrono::nanoseconds{0};
  for (const schedule::Workload workload : batches()->workloads(subject)) {
    const schedule::Expectation& one = expectations_.at(workload);
    if (!one) return std::nullopt;
    total += std::min<std::chrono::nanoseconds>(*one, std::chrono::nanoseconds::max() - total);
  }
  return total;
}

std::int64_t Suite::workloads_of(dispatch::Subject subject) const {
  return groups_ == nullptr ? 1 : static_cast<std::int64_t>(groups_->workloads(subject).size());
}

std::chrono::milliseconds Suite::timeout(dispatch::Subject subject) const {
  const auto* const again = experiment(subject);
  if (again == nullptr) return limit(subject) * (options_.timeout_factor > 0 ? 1 : workloads_of(subject));
  return limit(subject) * ((again->more_time ? more_time : 1) + static_cast<std::int64_t>(again->before.size()));
}

std::chrono::milliseconds Suite::limit(dispatch::Subject subject) const {
  if (options_.timeout_factor <= 0) return options_.timeout;
  const schedule::Expectation known = expected(subject);
  if (!known) return std::chrono::milliseconds{0};
  const std::chrono::duration<double, std::milli> longest = *known * options_.timeout_factor;
  constexpr double most = 1e15;  // the history may say what it likes
  const auto whole = static_cast<std::int64_t>(std::min(longest.count(), most));
  return std::max(shortest_multiple, std::chrono::milliseconds{whole});
}

std::chrono::nanoseconds Suite::slow_after(dispatch::Subject subject) const {
  constexpr std::chrono::nanoseconds usually = std::chrono::minutes{1};
  if (options_.slow_after) return *options_.slow_after;
  const schedule::Expectation known = expected(subject);
  return known && *known > usually / 2 ? 2 * *known : usually;
}

bool Suite::gives_input() const {
  const auto names_it = [](const std::string& word) { return word.find("NMZ_WORKLOAD") != std::string::npos; };
  return !template_.has_places() && std::ranges::none_of(command_, names_it);
}

wire::Run Suite::listing_run() {
  listing_output_ = {};
  wire::Run run;
  run.argv = runner::marked_listing(mark_, lister_);
  run.log_limit = longest_list;
  return run;
}

/// In the command's words, or on its standard input.
void Suite::put_workloads(wire::Run& run, std::span<const schedule::Workload> workloads) const {
  const schedule::Workload first = workloads.front();
  CommandTemplate::Filled filled = template_.fill(ids().at(first), first + std::size_t{1});
  run.argv = beside_loops(filled.argv, options_.again.stress_cpu);
  run.env.insert(run.env.end(), filled.environment.begin(), filled.environment.end());
  if (template_.has_places()) return;
  for (const schedule::Workload workload : workloads) run.input += ids().at(workload) + "\n";
}

/// What a group of tests is given, or one test of a hunt.
void Suite::give_tests(const dispatch::Assign& assignment, std::span<const schedule::Workload> tests, wire::Run& run) {
  std::vector<std::string> names;
  names.reserve(tests.size());
  for (const schedule::Workload test : tests) names.push_back(ids().at(test));
  const std::string secret = fmt::format("{:016x}{:016x}", random_number(), random_number());
  runner::Command command = runner_->begin(assignment.job, std::move(names), secret);
  run.argv = beside_loops(command.argv, options_.again.stress_cpu);
  run.input = std::move(command.input);
}

wire::Run Suite::run(const dispatch::Assign& assignment) {
  const bool lists = assignment.subject == schedule::listing;
  wire::Run run = lists ? listing_run() : wire::Run{};
  run.env = environment_;
  run.kill_grace = options_.kill_grace;
  run.directory = directory_;
  run.env.push_back("NMZ_WORKER=" + std::to_string(static_cast<std::uint32_t>(assignment.worker)));
  run.env.push_back("NMZ_ATTEMPT=" + std::to_string(assignment.attempt));
  if (lists) return run;
  run.timeout = timeout(assignment.subject);
  run.log_limit = options_.log_limit;
  const auto workloads = batches()->workloads(assignment.subject);
  if (experiment(assignment.subject) != nullptr) {
    give_experiment(assignment, run);
  } else if (runner_) {
    give_tests(assignment, workloads, run);
  } else {
    put_workloads(run, workloads);
  }
  if (classification_ != nullptr && experiment(assignment.subject) == nullptr) {
    classification_->begins(assignment.worker, workloads);
  }
  if (groups_ != nullptr) return run;
  if (options_.chunked) {
    run.env.push_back("NMZ_CHUNK=" + std::to_string(assignment.subject));
    return run;
  }
  if (hunt_ != nullptr) {
    const std::uint64_t number = hunt_->number(assignment.subject);
    run.env.push_back("NMZ_RUN=" + std::to_string(number));
    run.env.push_back("NMZ_SEED=" + std::to_string(schedule::run_seed(seed_, number)));
  }
  const std::string& id = ids().at(workloads.front());
  const bool fits = id.size() < longest_variable && id.find('\0') == std::string::npos;
  if (fits) run.env.push_back("NMZ_WORKLOAD=" + id);
  return run;
}

std::unique_ptr<coordinator::Layout> Suite::layout(const dispatch::Assign& /*assignment*/,
                                                   const coordinator::TreeKnowledge& /*known*/) {
  return nullptr;
}

}  // namespace nmz::nmzswarm
