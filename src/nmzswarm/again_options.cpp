#include "again_options.hpp"

#include <charconv>

#include <CLI/CLI.hpp>

#include "nmz/command_line/quantities.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr std::uint64_t most_retries = 1000;
constexpr std::uint64_t most_runs = 1'000'000'000;
constexpr std::uint64_t most_loops = 1000;

template <class Number>
Result<void> take_count(const char* option, const std::optional<std::string>& text, std::uint64_t most, Number& out,
                        std::uint64_t least = 1) {
  if (!text || text->empty()) return {};
  const auto count = command_line::parse_count(option, *text, most, least);
  if (!count) return tl::unexpected<Error>{count.error()};
  out = static_cast<Number>(*count);
  return {};
}

Result<double> parse_width(const std::string& text) {
  double width = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, width);
  if (error == std::errc{} && end == last && width > 0 && width < 1) return width;
  return fail(ErrorKind::misconfigured, "--stop-at-width needs a number between 0 and 1, not '" + text + "'");
}

Result<Rerun> parse_rerun(const std::string& text) {
  if (text == "failed") return Rerun::failed;
  if (text == "unfinished") return Rerun::unfinished;
  if (text == "last") return Rerun::last;
  return fail(ErrorKind::misconfigured, "--rerun needs failed, unfinished or last, not '" + text + "'");
}

}  // namespace

void AgainArguments::declare(CLI::App& app) {
  app.add_option("--retries", retries_,
                 "Run what failed or timed out up to N times more, at the end and on another worker; what passes then "
                 "is flaky [0]")
      ->type_name("N");
  app.add_option("--flaky-result", flaky_result_, "Whether a flaky workload fails the run: pass or fail [pass]")
      ->type_name("RESULT");
  app.add_option("--repeat", repeat_, "Hunt for flaky workloads: run each one N times, each time with another NMZ_SEED")
      ->type_name("N");
  app.add_option("--until-fail", until_fail_, "Run the workloads again and again until K runs have failed [1]")
      ->type_name("K")
      ->expected(0, 1);
  app.add_option("--for", hunt_for_, "Run the workloads again and again; start none after this time")
      ->type_name("TIME");
  app.add_option("--stop-at-width", stop_at_width_,
                 "Run each workload until the 95 % interval of its failure rate is as narrow as this (0.02)")
      ->type_name("WIDTH");
  app.add_option(
         "--rerun", rerun_,
         "Go on with the run in --log-dir, or the last one of this suite: failed (what failed, timed out or was "
         "lost), unfinished (what got no result), or last (all that was part of it)")
      ->type_name("WHICH");
  app.add_option("--stress-cpu", stress_cpu_, "Beside each workload run N loops that keep CPUs busy")->type_name("N");
}

Result<void> AgainArguments::take_hunt(const CLI::App& app, AgainOptions& options) const {
  // "--until-fail" alone leaves its text empty.
  if (app.count("--until-fail") > 0) options.until_fail = 1;
  if (hunt_for_) {
    const auto time = command_line::parse_time("--for", *hunt_for_);
    if (!time) return tl::unexpected<Error>{time.error()};
    options.hunt_for = *time;
  }
  if (stop_at_width_) {
    const auto width = parse_width(*stop_at_width_);
    if (!width) return tl::unexpected<Error>{width.error()};
    options.stop_at_width = *width;
  }
  return take_count("--repeat", repeat_, most_runs, options.repeat).and_then([&] {
    return take_count("--until-fail", until_fail_, most_runs, options.until_fail);
  });
}

Result<AgainOptions> AgainArguments::take(const CLI::App& app, bool chunked) const {
  AgainOptions options;
  if (flaky_result_ && *flaky_result_ != "pass" && *flaky_result_ != "fail") {
    return fail(ErrorKind::misconfigured, "--flaky-result needs pass or fail, not '" + *flaky_result_ + "'");
  }
  options.flaky_fails = flaky_result_ == "fail";
  if (rerun_) {
    const auto rerun = parse_rerun(*rerun_);
    if (!rerun) return tl::unexpected<Error>{rerun.error()};
    options.rerun = *rerun;
  }
  const Result<void> taken =
      take_count("--retries", retries_, most_retries, options.retries, 0)
          .and_then([&] { return take_count("--stress-cpu", stress_cpu_, most_loops, options.stress_cpu, 0); })
          .and_then([&] { return take_hunt(app, options); });
  if (!taken) return tl::unexpected<Error>{taken.error()};
  if (options.hunts() && chunked) return fail(ErrorKind::misconfigured, "--chunks and --repeat exclude each other");
  if (options.hunts() && options.retries > 0) {
    return fail(ErrorKind::misconfigured, "--retries and --repeat exclude each other: a hunt counts every failure");
  }
  if (options.rerun != Rerun::nothing && (chunked || options.hunts())) {
    return fail(ErrorKind::misconfigured, "--rerun goes with neither --chunks nor --repeat");
  }
  return options;
}

}  // namespace nmz::nmzswarm
