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

#include "nmz/text/utf8.hpp"
#include "nmz/wire/codec.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr std::uint64_t longest_list = std::uint64_t{1} << 30;
/// The kernel refuses a variable that is longer (MAX_ARG_STRLEN is 128 KiB).
constexpr std::size_t longest_variable = std::size_t{100} << 10;

/// One frame carries the command, its environment and its standard input; some room is for the rest of it.
constexpr std::size_t largest_run = wire::max_payload - (std::size_t{256} << 10);
constexpr std::size_t word_overhead = 16;

constexpr const char* listing_script =
    "nmz_list=$(/bin/sh -c \"$1\") || exit\n"
    "printf '%s\\n%s\\n' \"$2\" \"$nmz_list\"\n";

std::uint64_t random_number() {
  std::uint64_t number = 0;
  static_cast<void>(::getrandom(&number, sizeof number, 0));
  return number;
}

std::string one_line(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text::printable(text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1));
}

std::string how(const wire::Outcome& outcome) {
  switch (outcome.kind) {
    case wire::OutcomeKind::exited:
      return "ended with status " + std::to_string(outcome.code);
    case wire::OutcomeKind::timed_out:
      return "timed out";
    case wire::OutcomeKind::not_started:
      return "cannot be started: " + outcome.detail;
    case wire::OutcomeKind::signaled:
      return "was killed by signal " + std::to_string(outcome.code);
    default:
      return "found no worker: " + outcome.detail;
  }
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
      expect_{std::move(expect)},
      mark_{fmt::format("nmzswarm-list-{:016x}{:016x}", random_number(), random_number())},
      seed_{options.seed.value_or(random_number())} {}

Result<void> Suite::set_list(WorkloadList list) {
  listing_.list = std::move(list);
  auto batches = make_plan();
  Result<void> fits = check_sizes(*batches);
  plan_ = std::make_unique<schedule::ListedPlan>(std::move(batches));
  return fits;
}

void Suite::set_master_script(std::string script) {
  master_script_ = std::move(script);
  plan_ =
      std::make_unique<schedule::ListedPlan>([this](const wire::Outcome& outcome) { return take_listing(outcome); });
}

std::unique_ptr<schedule::BatchPlan> Suite::make_plan() {
  expectations_ = expect_(ids());
  schedule::BatchOptions options;
  options.grouping = options_.chunked ? schedule::Grouping::chunks : schedule::Grouping::batches;
  options.workers = workers_;
  options.chunks = options_.chunks;
  options.shuffle = options_.shuffle;
  options.seed = seed_;
  options.failures_to_stop = options_.fail_fast;
  return std::make_unique<schedule::BatchPlan>(expectations_, options);
}

Result<void> Suite::check_sizes(const schedule::BatchPlan& plan) const {
  std::size_t common = 0;
  for (const auto* words : {&command_, &options_.environment}) {
    for (const std::string& word : *words) common += word.size() + word_overhead;
  }
  if (common > largest_run) {
    return fail(ErrorKind::misconfigured, "the command and its environment are too large");
  }
  const std::size_t room = largest_run - common;
  const std::size_t executions = options_.chunked ? chunks() : ids().size();
  for (dispatch::Subject subject = 0; subject < executions; ++subject) {
    std::size_t size = 0;
    for (const schedule::Workload workload : plan.workloads(subject)) size += ids().at(workload).size() + 1;
    if (size <= room) continue;
    return fail(ErrorKind::misconfigured,
                options_.chunked ? fmt::format("the ids of chunk {} are more than {} bytes: cut the list into more "
                                               "--chunks",
                                               subject, room)
                                 : fmt::format("a workload's id is longer than {} bytes", room));
  }
  return {};
}

std::unique_ptr<schedule::BatchPlan> Suite::take_listing(const wire::Outcome& outcome) {
  const std::string line = mark_ + "\n";
  const std::size_t mark = listing_output_.find(line);
  std::unique_ptr<schedule::BatchPlan> plan;
  if (outcome.kind == wire::OutcomeKind::exited && outcome.code == 0 && mark != std::string::npos) {
    auto list = read_list(std::string_view{listing_output_}.substr(mark + line.size()), options_.selection);
    Result<void> usable = list.map([](const WorkloadList&) {});
    if (list) {
      listing_.list = std::move(*list);
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
    const std::string last = one_line(listing_output_);
    listing_.failed = true;
    listing_.message = "the master script " + how(outcome) + (last.empty() ? "" : ": " + last);
  }
  listing_output_ = {};
  if (listed_) listed_();
  return plan;
}

void Suite::listing_output(std::string_view bytes) { listing_output_ += bytes; }

std::size_t Suite::chunks() const {
  if (!options_.chunked) return 0;
  return std::min<std::size_t>(options_.chunks == 0 ? workers_ : options_.chunks, ids().size());
}

std::string Suite::name(dispatch::Subject subject) const {
  if (subject == schedule::listing) return "the master script";
  const auto workloads = batches()->workloads(subject);
  if (!options_.chunked) return ids().at(workloads.front());
  const std::string& first = ids().at(workloads.front());
  if (workloads.size() == 1) return fmt::format("chunk {} ({})", subject, first);
  return fmt::format("chunk {} ({} workloads: {}, ...)", subject, workloads.size(), first);
}

std::string Suite::log_name(dispatch::Subject subject) const {
  if (subject == schedule::listing) return "master-script";
  if (options_.chunked) return fmt::format("chunk-{}", subject);
  const schedule::Workload workload = batches()->workloads(subject).front();
  return fmt::format("{:06}-{}", workload, file_name(ids().at(workload)));
}

schedule::Expectation Suite::expected(dispatch::Subject subject) const {
  if (subject == schedule::listing) return std::nullopt;
  std::chrono::nanoseconds total{0};
  for (const schedule::Workload workload : batches()->workloads(subject)) {
    const schedule::Expectation& one = expectations_.at(workload);
    if (!one) return std::nullopt;
    total += *one;
  }
  return total;
}

wire::Run Suite::listing_run() {
  listing_output_ = {};
  wire::Run run;
  run.argv = {"/bin/sh", "-c", listing_script, "sh", master_script_, mark_};
  run.log_limit = longest_list;
  return run;
}

wire::Run Suite::run(const dispatch::Assign& assignment) {
  const bool lists = assignment.subject == schedule::listing;
  wire::Run run = lists ? listing_run() : wire::Run{};
  run.env = options_.environment;
  run.kill_grace = options_.kill_grace;
  run.env.push_back("NMZ_WORKER=" + std::to_string(static_cast<std::uint32_t>(assignment.worker)));
  run.env.push_back("NMZ_ATTEMPT=" + std::to_string(assignment.attempt));
  if (lists) return run;
  run.argv = command_;
  run.timeout = options_.timeout;
  run.log_limit = options_.log_limit;
  const auto workloads = batches()->workloads(assignment.subject);
  for (const schedule::Workload workload : workloads) run.input += ids().at(workload) + "\n";
  if (options_.chunked) {
    run.env.push_back("NMZ_CHUNK=" + std::to_string(assignment.subject));
    return run;
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
