#include "again_options.hpp"

#include <charconv>
#include <string>

#include "nmz/command_line/values.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr std::uint64_t most_retries = 1000;
constexpr std::uint64_t most_runs = 1'000'000'000;
constexpr std::uint64_t most_runs_to_classify = 100'000;
constexpr std::uint64_t most_loops = 1000;

Result<double> parse_width(const std::string& option, const std::string& text) {
  double width = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, width);
  if (error == std::errc{} && end == last && width > 0 && width < 1) return width;
  return fail(ErrorKind::misconfigured, option + " needs a number between 0 and 1, not '" + text + "'");
}

}  // namespace

std::vector<command_line::Option> again_options(AgainOptions& options) {
  using namespace command_line;  // NOLINT(google-build-using-namespace): the words of the table
  return {
      value("--retries", "N", count(options.retries, most_retries, 0),
            "Run what failed or timed out up to N times more, at the end and on another worker; what passes then is "
            "flaky [0]"),
      value("--flaky-result", "RESULT", one_of<bool>(options.flaky_fails, {{"pass", false}, {"fail", true}}, needs),
            "Whether a flaky workload fails the run: pass or fail [pass]"),
      value("--repeat", "N", count(options.repeat, most_runs),
            "Hunt for flaky workloads: run each one N times, each time with another NMZ_SEED"),
      or_alone(value("--until-fail", "K", count(options.until_fail, most_runs),
                     "Run the workloads again and again until K runs have failed [1]"),
               "1"),
      value("--for", "TIME", time(options.hunt_for), "Run the workloads again and again; start none after this time"),
      value("--stop-at-width", "WIDTH", stored(options.stop_at_width, parse_width),
            "Run each workload until the 95 % interval of its failure rate is as narrow as this (0.02)"),
      or_alone(
          value("--classify", "N", count(options.classify.most_runs, most_runs_to_classify),
                "Run what failed up to N times more, at the end: alone, beside others, under CPU load and after "
                "what ran before it; and tell whether it is genuine, flaky, contention, the time limit or the order "
                "[40]"),
          "40"),
      value("--classify-for", "TIME", time(options.classify.time),
            "For --classify: begin none of these runs after this time [10m]"),
      value("--rerun", "WHICH",
            one_of<Rerun>(options.rerun,
                          {{"failed", Rerun::failed}, {"unfinished", Rerun::unfinished}, {"last", Rerun::last}}, needs),
            "Go on with the run in --log-dir, or the last one of this suite: failed (what failed, timed out or was "
            "lost), unfinished (what got no result), or last (all that was part of it)"),
      value("--stress-cpu", "N", count(options.stress_cpu, most_loops, 0),
            "Beside each workload run N loops that keep CPUs busy"),
  };
}

Result<void> check(const AgainOptions& options, bool chunked, command_line::Parser& parser) {
  std::vector<std::string> names = hunting_options;
  const auto contradiction = [&](const char* option, const char* why) {
    names.emplace_back(option);
    return parser.contradiction(names, why);
  };
  if (options.hunts() && chunked) return contradiction("--chunks", "--chunks and --repeat exclude each other");
  if (options.classify.most_runs > 0 && (chunked || options.hunts())) {
    names.emplace_back("--classify");
    return contradiction("--chunks", "--classify goes with neither --chunks nor --repeat");
  }
  if (options.hunts() && options.retries > 0) {
    return contradiction("--retries", "--retries and --repeat exclude each other: a hunt counts every failure");
  }
  if (options.rerun != Rerun::nothing && (chunked || options.hunts())) {
    names.emplace_back("--rerun");
    return contradiction("--chunks", "--rerun goes with neither --chunks nor --repeat");
  }
  return {};
}

}  // namespace nmz::nmzswarm
