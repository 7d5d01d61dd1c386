// Workers that are there already, and are called as Namazu Swarm v0 called its own (contract/funker.hpp): nothing is
// started and nothing is put anywhere.
//
// They do not speak our frames. For each of our workers there is a stream whose other end is in this process, and is an
// agent to the coordinator: it greets, has heartbeats, takes a Run and answers Started, Log and Finished, and makes a
// call of each Run. So leases, retries, limits and all that is shown are those of every other worker, and nothing above
// knows the difference. A process for it would be one more thing to start, to find and to lose; a source of work of its
// own beside the coordinator would be all of the dispatching once more.
//
// What there is of a Run: the lines of its input are the workloads, its time limit is kept by ending the call, and its
// log limit here. The command, the environment and the directory are the worker's own. A call whose connection breaks,
// or that answers anything but a result of its chunk, is a lost worker: the chunk goes elsewhere, and no result counts
// twice. One that is taken back (a limit, Ctrl-C) is reset; v0's worker notices that only when it answers.
//
// A worker is connected to before it is given work, which reserves it. After an answer it is started anew by whoever
// runs it, and is waited for while the next chunk may already be its own.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "nmz/orchestrator/funker_place.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::orchestrator {

struct FunkerOptions {
  FunkerOptions() = default;
  std::vector<FunkerPlace> places;                    ///< of worker n: the n-th, and from the first on again
  std::chrono::milliseconds start_patience{10'000};   ///< for a worker that is not there
  std::chrono::milliseconds return_patience{60'000};  ///< for one that has answered, and is being started anew
  std::chrono::milliseconds end_patience{10'000};     ///< for the end of the connection behind a whole answer
};

class FunkerStream;

class Funker final : public Orchestrator {
 public:
  Funker(boost::asio::any_io_executor executor, FunkerOptions options);
  ~Funker() override;

  boost::asio::awaitable<Result<std::shared_ptr<Stream>>> start(job::WorkerId worker) override;
  void cancel_start(job::WorkerId worker) override;
  boost::asio::awaitable<void> stop(job::WorkerId worker) override;
  boost::asio::awaitable<Result<void>> close() override;

 private:
  void end(job::WorkerId worker);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<const FunkerOptions> options_;
  std::map<job::WorkerId, std::shared_ptr<FunkerStream>> streams_;
  std::vector<std::shared_ptr<FunkerStream>> ended_;  ///< whose coroutines may not have
};

}  // namespace nmz::orchestrator
