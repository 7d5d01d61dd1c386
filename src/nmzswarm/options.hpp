// The command line of nmzswarm.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/run/program.hpp"
#include "nmz/run/settings.hpp"

#include "again_options.hpp"
#include "apart_options.hpp"
#include "command_template.hpp"
#include "report_files.hpp"
#include "workload_list.hpp"

namespace nmz::nmzswarm {

/// Of a local worker.
enum class Isolate : std::uint8_t { none, world, network };

struct Options : run::Settings {
  Options() = default;
  std::string runner;     ///< of tests: its name, a file that describes it, "auto", or empty: there is none
  std::string workloads;  ///< a file, "-", or empty: the image's master script
  Separator separator = Separator::newline;     ///< in it
  std::optional<std::vector<std::string>> ids;  ///< behind ":::", in place of it
  std::string place = "{}";                     ///< where the workload stands in the command; empty = nowhere
  Selection selection;
  bool chunked = false;  ///< static chunks, each with one verdict
  std::size_t chunks = 0;
  bool shuffle = false;
  std::optional<std::uint64_t> seed;
  double timeout_factor = 0;             ///< of the expected duration, in place of `timeout`; 0 = none
  std::vector<std::int32_t> skip_codes;  ///< exit codes that mean that a workload cannot be run here
  AgainOptions again;
  ApartOptions apart;
  Isolate isolate = Isolate::none;
  std::size_t fail_fast = 0;              ///< failures that end the run; 0 = never
  std::uint32_t max_worker_restarts = 5;  ///< of each worker
  bool speculate = false;                 ///< copies of the last workloads on idle workers
  std::string history;                    ///< the database; empty = the user's
  bool use_history = true;
  ReportOptions reports;
  std::optional<std::chrono::milliseconds> slow_after;
  bool no_tests_pass = false;
  bool bisect_failures = false;  ///< --on-failure bisect
  bool list_only = false;
};

/// Of the command that the user has given.
[[nodiscard]] CommandTemplate::Options place_of(const Options& options);

using Request = run::Request<Options>;

/// Errors (misconfigured) are one line for the user. Reads the files of --env-file.
[[nodiscard]] Result<Request> parse(const std::vector<std::string>& arguments, const run::Defaults& defaults = {});

/// `nmzswarm config` and `nmzswarm trust`; `arguments` without the word.
int config_command(const std::vector<std::string>& arguments);
int trust_command(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzswarm
