// Where work runs, as a program sees it: so many CPUs, under this name, and workers when they are wanted.
//
// There is always one. Which kind it is, local processes or containers of one Engine or all over a Swarm, is decided by
// the options and a table from name to factory (site.cpp); another place to run is another line there, and no program
// asks which one it has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "nmz/cluster/options.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/kept_trees.hpp"
#include "nmz/orchestrator/local.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::site {

/// What there is to choose by.
struct Choice {
  Choice() = default;
  cluster::Options containers;           ///< without an image work runs on this machine
  std::filesystem::path work_directory;  ///< of local work; empty = the user's cache directory
  std::string remedy;                    ///< what the user can do when that cannot be used
  std::string directory_name;            ///< what the run's directory there is called; empty = anything
  std::string owner;                     ///< takes trees over that are kept for him; empty = nobody
  std::string title;                     ///< what the run's directory is for, as a person would say it
};

struct WorkersRequest {
  WorkersRequest() = default;
  std::filesystem::path agent;               ///< the nmzagent program
  bool tree = false;                         ///< workers need a work tree, which is made where they are
  std::vector<std::filesystem::path> trees;  ///< of each worker, in directory(), where the program makes them
  std::vector<std::string> worlds;           ///< of each worker there: the bytes of sandbox::Plan; empty = none
  /// Makes both for a worker that the user adds later; empty where neither is needed.
  std::function<Result<orchestrator::LocalPlace>(job::WorkerId)> another;
  std::uint32_t count = 1;
  std::function<void(const std::string&)> notice;   ///< one line for the user
  std::function<void(const std::string&)> reached;  ///< a phase of the start is over
};

class Site {
 public:
  Site() = default;
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;
  Site(Site&&) = delete;
  Site& operator=(Site&&) = delete;
  virtual ~Site() = default;

  [[nodiscard]] virtual std::uint32_t cpus() const = 0;
  /// For people: "processes on this machine", "containers of dummy".
  [[nodiscard]] virtual std::string where() const = 0;
  /// Workers see this machine's files: the command is looked for here, and the program makes their trees.
  [[nodiscard]] virtual bool sees_our_files() const = 0;
  /// What workers do cannot disturb another unnoticed: each has directories and a network of its own.
  [[nodiscard]] virtual bool keeps_apart() const = 0;
  /// What makes workload ids comparable between runs of this command here.
  [[nodiscard]] virtual std::string suite_key(const std::vector<std::string>& command) const = 0;
  /// What the place has beside what it is sent, as far as it has a name: the image's id.
  [[nodiscard]] virtual std::string content_id() const { return {}; }
  /// Variables that every command has there, unless the user gives it others.
  [[nodiscard]] virtual std::vector<std::string> environment() const { return {}; }
  /// A script that comes with the place. Errors (misconfigured): there is none, or it is empty.
  [[nodiscard]] virtual Result<std::string> label(const std::string& name) const = 0;

  /// Makes what a run needs, and removes what killed runs have left. Once, before workers().
  virtual Result<void> occupy() { return {}; }
  /// One line for the user where the place was found, and not asked for; else empty.
  [[nodiscard]] virtual std::string choice() const { return {}; }
  /// One line for each thing that was removed, or could not be.
  [[nodiscard]] virtual std::vector<std::string> swept() const = 0;
  /// A directory for this run alone, from occupy() on; empty where workers do not see our files.
  [[nodiscard]] virtual std::filesystem::path directory() const { return {}; }
  /// Nothing is started yet. The site outlives them.
  [[nodiscard]] virtual Result<std::unique_ptr<orchestrator::Orchestrator>> workers(const WorkersRequest& request) = 0;
  /// The trees that this run has taken over from an earlier one.
  [[nodiscard]] virtual std::optional<orchestrator::KeptTrees> inherited() const { return std::nullopt; }
  /// leave() keeps the trees of this run for another one.
  virtual void keep(const orchestrator::KeptTrees& /*trees*/) {}
  /// Takes away what occupy() has made. One line for each thing that stays.
  virtual std::vector<std::string> leave() { return {}; }
};

/// Runs `io` meanwhile; from here on the user's signals have to be taken (coordinator::Signals): one ends it. Errors
/// are one line for the user (misconfigured), or say that a signal came (cancelled).
[[nodiscard]] Result<std::unique_ptr<Site>> open(boost::asio::io_context& io, const Choice& choice);

}  // namespace nmz::site
