// The worker of Namazu Swarm v0: `nmzagent funker` answers the calls of funker (contract/funker.hpp), for masters that
// know nothing of this program's own frames.
//
// What v0's worker did is done here: one caller at a time, while which nobody else can connect; the ids of a chunk, one
// a line, are the executor's standard input, its exit status is the verdict, and what it writes is answered and written
// to standard output as well. What v0's did not is bounded: a caller has to say its request within a minute and to take
// the answer; one that is gone has its chunk ended; the log is kept in an unlinked file and not in memory, and is cut
// in its middle beyond 256 MiB. v0's worker ended after its answer, so that the orchestrator started a fresh container
// for the next chunk; so does this one with --once.
//
// A chunk that could not be run (no process can be started, no room for its log) gets no answer, but the end of the
// connection: the caller gives it to somebody else.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/contract/v0.hpp"

#include "exit_code.hpp"
#include "piece_store.hpp"
#include "tcp.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class Job;

struct FunkerOptions {
  FunkerOptions() = default;
  std::string executor;           ///< for `sh -c`
  std::optional<Address> listen;  ///< nothing: all addresses, IPv6 and IPv4, port 9999
  bool once = false;              ///< end after the first answer
};

/// "[--listen ADDRESS:PORT] [--once] --executor SCRIPT", also with one dash and with '='.
[[nodiscard]] std::optional<FunkerOptions> parse_funker(const std::vector<std::string_view>& words);

class FunkerWorker {
 public:
  /// `signals`: a signalfd for SIGCHLD and the signals that end the program.
  FunkerWorker(FunkerOptions options, UniqueFd signals);

  /// An errno, or 0. Says where it listens.
  [[nodiscard]] int open();
  [[nodiscard]] ExitCode run();

 private:
  using Clock = std::chrono::steady_clock;
  /// What came of a chunk.
  struct Ran {
    bool successful = false;
    PieceStore store;
    std::vector<Piece> log;
  };

  [[nodiscard]] UniqueFd accept();
  [[nodiscard]] std::optional<contract::v0::ChunkRequest> read_request(int caller);
  [[nodiscard]] std::optional<Ran> run_chunk(const contract::v0::ChunkRequest& request, int caller);
  void on_signals(Job& job);
  [[nodiscard]] bool answer(int caller, std::int64_t chunk, const Ran& ran);
  [[nodiscard]] bool write(int caller, std::string_view bytes);
  [[nodiscard]] bool wait(int fd, short events, std::optional<Clock::time_point> until);

  FunkerOptions options_;
  UniqueFd signals_;
  UniqueFd listener_;
  bool signalled_ = false;
  bool failed_ = false;  ///< it cannot listen any more
};

}  // namespace nmz::agent
