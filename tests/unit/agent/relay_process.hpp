// The real nmzagent as a relay, with the test as its coordinator on a socket pair, and as workers that call it.
//
// Every wait has a deadline, so that silence fails the test instead of hanging it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/relay.hpp"

#include "secure_channel.hpp"
#include "support/swarm_place.hpp"
#include "worker.hpp"

namespace nmz::agent {

/// A child that is killed and collected when its owner goes.
class Child {
 public:
  /// `fds`: what becomes 0, 1 and 2 in the child, -1 = as here. `before`: called in the child before the program
  /// starts.
  Child(const std::vector<std::string>& argv, const std::vector<int>& fds, const std::vector<std::string>& env = {},
        const std::function<void()>& before = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill(int signal) const;
  /// The exit code, or minus the signal; nothing when it does not end in time.
  std::optional<int> wait(std::chrono::milliseconds timeout = patience);

 private:
  pid_t pid_ = 0;
};

/// Bytes read from a descriptor with a deadline.
[[nodiscard]] std::string read_exactly(int fd, std::size_t size);
/// All of them; throws when the peer has gone or does not take them in time.
void write_exactly(int fd, std::string_view bytes);
/// Whether the peer closes the connection in time.
[[nodiscard]] bool is_closed_within(int fd, std::chrono::milliseconds timeout);

/// A worker's connection, with its session, as the agent has it.
class Line {
 public:
  Line(int fd, Session session) : fd_{fd}, session_{std::move(session)} {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  Line(Line&& other) noexcept;
  Line& operator=(Line&&) = delete;
  ~Line() { close(); }

  [[nodiscard]] int fd() const { return fd_; }
  void say(std::string_view text);
  /// So many bytes.
  [[nodiscard]] std::string hear(std::size_t size);
  void close();

 private:
  int fd_;
  Session session_;
  std::string heard_;
};

/// The workers that a relay knows.
struct Workers {
  Workers() = default;
  explicit Workers(std::uint32_t count);
  std::vector<std::string> tokens;
  std::vector<std::string> keys;
};

class RelayProcess {
 public:
  explicit RelayProcess(std::uint16_t port = 0, const char* address = "127.0.0.1",
                        const std::function<void()>& before = {}, const Workers& workers = Workers{1024});
  RelayProcess(const RelayProcess&) = delete;
  RelayProcess& operator=(const RelayProcess&) = delete;
  ~RelayProcess();

  [[nodiscard]] const wire::RelayReady& ready() const { return ready_; }
  [[nodiscard]] std::uint16_t port() const { return ready_.port; }
  Child& process() { return child_; }
  [[nodiscard]] int fd() const { return fd_; }
  void close_link();
  /// What it wrote to stderr; after its end.
  std::string complaint();

  void send(const wire::RelayMessage& message) const;
  /// The next message; nothing at the end of the stream. Throws when none comes in time.
  std::optional<wire::RelayMessage> receive(std::chrono::milliseconds timeout = patience);
  /// Whether nothing comes for this long.
  bool is_silent_for(std::chrono::milliseconds time);
  template <class T>
  T expect() {
    return std::get<T>(receive().value());
  }
  /// Passes over credits.
  template <class T>
  T expect_after_credit() {
    auto message = receive().value();
    while (std::holds_alternative<wire::ChannelCredit>(message)) {
      message = receive().value();
    }
    return std::get<T>(message);
  }

  /// A plain socket that has connected; with `greeting` sent on it.
  [[nodiscard]] int connect(std::string_view greeting) const;
  /// As an agent does it, with the token of the slot.
  [[nodiscard]] Line call(std::uint32_t slot, const std::string& task = "task") const;
  /// With other keys. The handshake up to the last word, which is not sent.
  [[nodiscard]] std::optional<Line> begin_call(std::uint32_t slot, const CallKeys& keys) const;

  /// At its highest.
  [[nodiscard]] std::size_t resident_bytes() const;
  /// What its descriptors are, a line each.
  [[nodiscard]] std::string open_files() const;

 private:
  struct Ends {
    int ours = -1;
    int its = -1;
    int complaint_in = -1;
    int complaint_out = -1;
    Ends();
  };

  Ends ends_;
  int fd_;
  Child child_;
  wire::RelayDecoder decoder_;
  wire::RelayReady ready_;
};

/// `nmzagent --connect`, and the conversation with it through a relay.
class CallingWorker {
 public:
  /// `place`: the content of its token's file.
  CallingWorker(std::uint16_t port, std::string_view place, std::vector<std::string> arguments = {},
                std::chrono::milliseconds dial_limit = patience);
  Child& process() { return child_; }

 private:
  support::TempDirectory secrets_{"secrets"};
  Child child_;
};

/// One channel of a relay as a conversation; others' messages that come meanwhile are an error.
class ChannelConversation {
 public:
  ChannelConversation(RelayProcess& relay, wire::ChannelId id) : relay_{relay}, id_{id} {}

  void say(const wire::Message& message);
  wire::Message hear();
  template <class T>
  T expect() {
    return std::get<T>(hear());
  }
  wire::Welcome greet();

 private:
  RelayProcess& relay_;
  wire::ChannelId id_;
  wire::Decoder decoder_;
};

}  // namespace nmz::agent
