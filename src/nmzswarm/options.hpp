// The command line of nmzswarm.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nmz/cluster/options.hpp"
#include "nmz/error/result.hpp"
#include "nmz/view/text.hpp"

#include "again_options.hpp"
#include "report_files.hpp"
#include "workload_list.hpp"

namespace nmz::nmzswarm {

struct Options {
  Options() = default;
  cluster::Options containers;  ///< without an image workloads run on this machine
  std::string workloads;        ///< a file, "-", or empty: the image's master script
  Selection selection;
  std::uint32_t replicas = 0;  ///< 0 = as many as there are CPUs
  bool chunked = false;        ///< static chunks, each with one verdict
  std::size_t chunks = 0;
  bool shuffle = false;
  std::optional<std::uint64_t> seed;
  std::chrono::milliseconds timeout{0};
  double timeout_factor = 0;  ///< of the expected duration, in place of `timeout`; 0 = none
  AgainOptions again;
  std::chrono::milliseconds kill_grace{2000};
  std::size_t fail_fast = 0;              ///< failures that end the run; 0 = never
  std::uint32_t max_worker_restarts = 5;  ///< of each worker
  bool speculate = false;                 ///< copies of the last workloads on idle workers
  std::vector<std::string> environment;   ///< NAME=value
  std::string history;                    ///< the database; empty = the user's
  bool use_history = true;
  std::string log_directory;  ///< empty = a new one in the user's state directory
  std::uint64_t log_limit = 0;
  std::string json;
  std::string debug_log;
  ReportOptions reports;
  bool list_only = false;
  view::Verbosity verbosity = view::Verbosity::normal;
  std::vector<std::string> arguments;  ///< all of the command line
  std::vector<std::string> command;    ///< untouched; empty = the image's worker script
};

/// What the command line asks for: a run, or a text to print (--help, --version).
struct Request {
  Request() = default;
  std::optional<std::string> print;
  Options options;
};

/// Errors (misconfigured) are one line for the user. Reads the files of --env-file.
[[nodiscard]] Result<Request> parse(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzswarm
