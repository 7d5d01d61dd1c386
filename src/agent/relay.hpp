// The relay: one stream to the coordinator, handed on to many workers (the protocol is in wire/relay.hpp).
//
// One thread and epoll, edge-triggered for the workers: what may be read is kept in a queue of its own, so that workers
// take turns (at most 64 KiB each) also while the coordinator's stream, which takes one message after the other, is the
// bottleneck, and so that a worker that has to wait costs nothing.
//
// Memory is bounded whatever anybody does. From workers: nothing is read while 1 MiB waits for the coordinator. To
// workers: what the credit allows, and kept pieces are read from their file as the worker takes them.
//
// The port may be open to a whole network, so a connection is nobody until it has proved that it is a worker
// (secure_channel.hpp, door.hpp): it has 5 seconds, at most 256 such connections exist, and for a newcomer the oldest
// that has not given its first proof goes, at once: were they left any time, thousands of silent ones could keep
// workers waiting in the kernel's queue for longer than these try. A burst of a thousand honest workers must not push
// each other out, so that one that has given it may stay a quarter of a second in any case, while the newcomers wait.
// Until the first proof a connection costs some hashes of 44 bytes; what the coordinator is told of refusals is a
// message for each worker and fifth of a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nmz/wire/relay.hpp"

#include "door.hpp"
#include "exit_code.hpp"
#include "frame_stream.hpp"
#include "piece_store.hpp"
#include "secure_channel.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class Relay {
 public:
  /// `signals`: a signalfd for the signals that end the program.
  Relay(RelayStream peer, UniqueFd signals);

  /// Until the coordinator goes or breaks the protocol, or a signal asks for the end.
  [[nodiscard]] ExitCode run();

 private:
  using Clock = std::chrono::steady_clock;

  /// Connected, and has not proved yet who it is.
  struct Visitor {
    UniqueFd fd;
    std::string peer;
    std::string bytes;  ///< of an opening, or once that was answered of the last word
    Clock::time_point came;
    std::uint32_t slot = 0;
    Key key{};  ///< what it called with
    std::optional<Session> session;
  };

  /// A worker, as far as calls are concerned.
  struct Slot {
    Door door;
    std::uint32_t channel = 0;       ///< the last one
    Clock::time_point refusal_told;  ///< to the coordinator
  };

  /// Bytes for a worker: in memory, or a kept piece.
  struct Chunk {
    std::string bytes;
    std::optional<Piece> piece;
    std::size_t sent = 0;  ///< and sealed, maybe not written yet
    [[nodiscard]] std::size_t size() const { return piece ? piece->size : bytes.size(); }
  };

  struct Channel {
    Channel(wire::ChannelId id_in, UniqueFd fd_in, std::uint32_t slot_in, Session session_in)
        : id{id_in}, fd{std::move(fd_in)}, slot{slot_in}, session{std::move(session_in)} {}
    wire::ChannelId id;
    UniqueFd fd;
    std::uint32_t slot;
    Session session;
    std::string sealed;  ///< a record that is being written; the bytes of its chunk are not credited yet
    std::size_t sealed_sent = 0;
    bool queued_to_read = false;
    bool broken = false;  ///< cannot be written to any more; what it said before is still read
    std::deque<Chunk> chunks;
    std::size_t waiting = 0;                  ///< bytes of the chunks
    bool half_closed = false;                 ///< after a ChannelClose, when everything has been written
    std::optional<Clock::time_point> closed;  ///< when the coordinator closed it
  };
  using Channels = std::map<std::uint32_t, Channel>;

  [[nodiscard]] bool watch(int fd, std::uint32_t events, std::uint64_t tag, bool again = false) const;
  [[nodiscard]] bool prepare();
  [[nodiscard]] int patience() const;
  void wait();
  void on_signals();
  void on_event(std::uint64_t tag, std::uint32_t events);

  void on_coordinator();
  void on(const wire::RelayHello& hello);
  void on(const wire::ChannelReplay& replay);
  void on(const wire::ChannelClose& close);
  void on(const wire::TaskAdmitted& admitted);
  void on(wire::ChannelData data);
  [[nodiscard]] std::string listen(const std::string& address, std::uint16_t port);
  /// Null when it has been closed; the coordinator may not know yet.
  [[nodiscard]] Channel* find(wire::ChannelId id);

  void accept_visitors();
  [[nodiscard]] bool make_room_for_visitor();
  /// False when it has to go.
  [[nodiscard]] bool hear(Visitor& visitor);
  [[nodiscard]] bool answer_opening(Visitor& visitor);
  /// False when it has to go, or has become a channel.
  [[nodiscard]] bool hear_last_word(Visitor& visitor);
  void open_channel(Visitor visitor, std::string task);
  /// The coordinator is told, unless it was told of the same just now.
  void refuse(const Visitor& visitor, std::uint32_t slot);

  void enqueue(Channel& channel, Chunk chunk);
  void write_out(Channel& channel);
  /// Whether there is a record to write: the rest of the last one, or one of the next bytes.
  [[nodiscard]] bool seal_next(Channel& channel);
  [[nodiscard]] bool read_piece(const Chunk& chunk, std::size_t size);
  [[nodiscard]] bool write_record(Channel& channel);
  void give_up_writing(Channel& channel);
  void may_read(Channel& channel);
  void serve_readers();
  /// One turn. The channel may be gone afterwards.
  void read_some(Channel& channel);
  /// Tells the coordinator, and the channel is gone.
  void finish(Channel& channel, std::string reason);

  void tick();
  void stop_with(ExitCode code, std::string_view why);

  RelayStream peer_;
  UniqueFd signals_;
  UniqueFd events_;
  UniqueFd listener_;
  std::vector<Slot> slots_;         ///< slot 1 first
  Clock::time_point refusal_told_;  ///< of somebody who knew nothing
  bool may_accept_ = false;
  bool has_no_room_ = false;                   ///< for a newcomer, for the time being
  std::map<std::uint32_t, Visitor> visitors_;  ///< by number: the oldest first
  std::uint32_t last_visitor_ = 0;
  Channels channels_;
  std::uint32_t last_channel_ = 0;
  std::deque<wire::ChannelId> readable_;  ///< may have something to read, in the order of their turns
  PieceStore store_;
  std::string buffer_;
  std::string plain_;
  Clock::time_point next_tick_;
  std::optional<ExitCode> exit_;
};

}  // namespace nmz::agent
