// Workers that are processes of nmzagent on this machine, each with a directory of its own, spoken to over a socket
// pair.
//
// Ending a worker means ending everything its tests started. A live agent does that itself (it is a child subreaper).
// When the agent was killed, its keeper does it, the process that we start and that has started the agent (--kept): all
// that is below the keeper is the worker's. Were the keeper killed as well, what they leave behind would be adopted by
// this process, which is a subreaper too, and of what is adopted only that is ended which carries the run's mark, or is
// in the session of a keeper that has ended: strangers come to this process as well.
//
// The trees are known by descriptor from before the first test: an agent that is started again is handed the directory
// that holds its tree, and which directory the tree is, so that nothing a test has put in its place is taken for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <sys/types.h>

#include "nmz/files/unique_fd.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::orchestrator {

/// CPUs this process may use.
[[nodiscard]] std::uint32_t local_cpus();

/// What a worker is given beside the agent.
struct LocalPlace {
  LocalPlace() = default;
  std::filesystem::path tree;  ///< empty: none
  std::string world;           ///< likewise
};

struct LocalOptions {
  LocalOptions() = default;
  std::filesystem::path agent;               ///< the nmzagent program
  std::vector<std::filesystem::path> trees;  ///< of each worker, by number; absolute, existing. Empty: no work trees
  std::vector<std::string> worlds;           ///< of each worker: the bytes of sandbox::Plan. Empty: none
  /// Of a worker above these, which the user wants while the run is under way. None where there are neither.
  std::function<Result<LocalPlace>(job::WorkerId)> another;
  std::string run_mark;                     ///< value of NMZ_RUN in the environment of all that runs here; unique
  std::chrono::milliseconds patience{500};  ///< between an agent's end of stream and its end by force
};

/// A work tree as it was made. Open both, so that their inodes are nobody else's.
struct MadeTree {
  MadeTree() = default;
  std::string path;       ///< empty: no tree
  files::UniqueFd place;  ///< the directory that holds it
  files::UniqueFd tree;
};

class Local final : public Orchestrator {
 public:
  Local(boost::asio::any_io_executor executor, LocalOptions options);
  ~Local() override;

  boost::asio::awaitable<Result<std::shared_ptr<Stream>>> start(job::WorkerId worker) override;
  boost::asio::awaitable<void> stop(job::WorkerId worker) override;
  /// Errors (timed_out): some processes could not be ended.
  boost::asio::awaitable<Result<void>> close() override;

 private:
  Result<void> make_places(job::WorkerId last);
  void kill_adopted(const std::set<pid_t>& ended_keepers);

  boost::asio::any_io_executor executor_;
  LocalOptions options_;
  std::vector<MadeTree> trees_;
  std::map<job::WorkerId, pid_t> keepers_;
  std::set<pid_t> left_;  ///< that cannot be ended
};

}  // namespace nmz::orchestrator
