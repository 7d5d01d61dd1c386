// Where workers live.
//
// An orchestrator starts an agent for a worker and hands out the byte stream to it; what the bytes say is none of its
// business. Local processes, a Docker Engine, a Swarm and Kubernetes differ here and nowhere above.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "nmz/error/result.hpp"
#include "nmz/job/outcome.hpp"

namespace nmz::orchestrator {

/// A reliable, ordered byte stream to one agent. One read and one write may be under way at a time.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Stream(Stream&&) = delete;
  Stream& operator=(Stream&&) = delete;
  virtual ~Stream() = default;

  /// At least one byte into `buffer`; 0 is the end of the stream.
  virtual boost::asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) = 0;

  /// All of `bytes`.
  virtual boost::asio::awaitable<Result<void>> write(std::string bytes) = 0;

  /// Ends reads and writes under way, with `cancelled`; the agent sees the end of its stream.
  virtual void close() = 0;
};

class Orchestrator {
 public:
  Orchestrator() = default;
  Orchestrator(const Orchestrator&) = delete;
  Orchestrator& operator=(const Orchestrator&) = delete;
  Orchestrator(Orchestrator&&) = delete;
  Orchestrator& operator=(Orchestrator&&) = delete;
  virtual ~Orchestrator() = default;

  /// Starts the worker's agent, after ending an earlier one and everything that one left running.
  virtual boost::asio::awaitable<Result<std::shared_ptr<Stream>>> start(job::WorkerId worker) = 0;

  /// The end of the run has come while start() is under way: it need not succeed any more, and should end soon.
  virtual void cancel_start(job::WorkerId /*worker*/) {}

  /// Ends the worker's agent (which was asked to end before, and is given a moment to do it) and everything it left
  /// running.
  virtual boost::asio::awaitable<void> stop(job::WorkerId worker) = 0;

  /// Takes away everything that was made for the run. Called last, when all workers have been stopped. Errors say in a
  /// whole sentence what is left.
  virtual boost::asio::awaitable<Result<void>> close() { co_return Result<void>{}; }
};

}  // namespace nmz::orchestrator
