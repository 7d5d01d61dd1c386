// An orchestrator whose agents are coroutines in the test's own process. Fake: they run no command and lay out no
// files; each says what its script tells it to. The real agent is tested in tests/agent and tests/conformance.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/wire/codec.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::coordinator {

/// How an agent behaves, from its start on.
struct AgentScript {
  AgentScript() = default;
  bool start_fails = false;
  bool silent = false;  ///< never says a word
  std::uint32_t protocol = wire::protocol_version;
  bool garbage = false;      ///< says bytes that are no message instead of Welcome
  bool dies_in_job = false;  ///< ends its stream when told to run
  bool lingers = false;      ///< lives on and never ends its job
  bool trickles = false;     ///< says the head of a long frame when told to run, then heartbeats, for a while
  job::Outcome tree;         ///< its answer to a tree; exited 0 by default
  std::chrono::milliseconds tree_takes{0};
  std::chrono::milliseconds job_takes{0};
};

class ScriptedAgentsFake final : public orchestrator::Orchestrator {
 public:
  explicit ScriptedAgentsFake(boost::asio::any_io_executor executor);

  /// Scripts of the next starts of any worker, in order; when they are used up agents behave well.
  std::deque<AgentScript> scripts;
  std::vector<std::string> heard;  ///< "Run", "Cancel", ... as they arrived, over all agents
  int starts = 0;
  int running = 0;  ///< agents whose stream has not ended

  boost::asio::awaitable<Result<std::shared_ptr<orchestrator::Stream>>> start(job::WorkerId worker) override;
  boost::asio::awaitable<void> stop(job::WorkerId worker) override;

 private:
  boost::asio::any_io_executor executor_;
};

}  // namespace nmz::coordinator
