// rogue DIRECTORY SECONDS: whoever reaches a Swarm's relay and wants to be taken for a worker.
//
// It ends after so many SECONDS, or when there is a file "over" in DIRECTORY. It knows what a test can know: everything
// that was written into DIRECTORY (place.*: the secrets of workers, as tests in their containers read them; opening.*:
// what agents have sent to the relay, as it was on the wire). The relay's address is in the file "relay" there, or, in
// a worker's container, where the agent is connected to. All the time it holds connections that say nothing, and calls:
// with garbage, as agents before the handshake did, with what was recorded, with tokens of its own, and as an agent
// with each of the secrets.
//
// If it is let in, it does what "five rogue connections made 55 of 60 failing workloads pass" did: it answers each job
// with success. The last line on stdout says what came of it: "calls N, let in N, heard N bytes".
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nmz/wire/codec.hpp"

#include "frame_stream.hpp"
#include "secure_channel.hpp"
#include "tcp.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using nmz::agent::Address;
using nmz::agent::Key;
using nmz::agent::UniqueFd;
namespace agent = nmz::agent;
namespace wire = nmz::wire;

constexpr std::size_t silent_connections = 100;
constexpr int answer_limit_ms = 200;

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// "0A0011AC:1E56" as /proc/net/tcp has it.
std::optional<Address> address_of(const std::string& text) {
  std::uint32_t host = 0;
  std::uint16_t port = 0;
  const char* const colon = text.data() + std::min(text.find(':'), text.size());
  std::from_chars(text.data(), colon, host, 16);
  std::from_chars(colon + 1, text.data() + text.size(), port, 16);
  const auto byte = [host](unsigned number) { return std::to_string(host >> (8 * number) & 255U); };
  return Address::of(byte(0) + "." + byte(1) + "." + byte(2) + "." + byte(3), port);
}

std::optional<Address> find_relay(const std::filesystem::path& directory) {
  if (std::string told = content(directory / "relay"); !told.empty()) return Address::parse(told);
  std::ifstream table{"/proc/net/tcp"};
  std::string line;
  while (std::getline(table, line)) {
    if (line.find(":1E56 01 ") == std::string::npos) continue;  // connected to port 7766
    const std::size_t remote = line.find(' ', line.find(": ") + 2) + 1;
    return address_of(line.substr(remote, line.find(' ', remote) - remote));
  }
  return std::nullopt;
}

UniqueFd connect_to(const Address& relay) {
  UniqueFd fd{::socket(relay.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const timeval limit{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return ::connect(fd.get(), relay.raw(), relay.size()) == 0 ? std::move(fd) : UniqueFd{};
}

/// Calls all the time, whatever comes of it.
class Rogue {
 public:
  Rogue(std::filesystem::path directory, Address relay) : directory_{std::move(directory)}, relay_{relay} {}

  void attack_until(Clock::time_point end) {
    while (!is_over(end)) {
      UniqueFd silent = connect_to(relay_);
      if (!silent) continue;  // it is gone
      silent_.push_back(std::move(silent));
      if (silent_.size() > silent_connections) silent_.pop_front();
      say_things();
      for (const auto& entry : std::filesystem::directory_iterator{directory_}) {
        if (is_over(end)) return;  // a relay that is gone may cost a second for each call
        const std::string name = entry.path().filename();
        if (name.starts_with("opening.")) expect_nothing(content(entry.path()));
        if (name.starts_with("place.")) call_with(content(entry.path()));
      }
      std::this_thread::sleep_for(5ms);
    }
  }
  [[nodiscard]] std::string report() const {
    return "calls " + std::to_string(calls_) + ", let in " + std::to_string(let_in_) + ", heard " +
           std::to_string(heard_) + " bytes";
  }

 private:
  [[nodiscard]] bool is_over(Clock::time_point end) const {
    return Clock::now() >= end || std::filesystem::exists(directory_ / "over");
  }
  void say_things() {
    expect_nothing(std::string(200, '\xff'));
    expect_nothing("NMZKNOCK" + std::string(64, 't'));
    std::string frame;
    wire::encode(wire::Welcome{}, frame);
    expect_nothing(frame + std::string(agent::opening_size, '\0'));
    // Another run's.
    call(1 + static_cast<std::uint32_t>(calls_ % 5), "another", agent::first_keys(agent::random_key(), "another"));
  }

  /// Whatever is answered is a success of the rogue's.
  void expect_nothing(const std::string& bytes) {
    const UniqueFd fd = connect_to(relay_);
    ++calls_;
    if (fd && ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) heard_ += read_some(fd.get()).size();
  }

  static std::string read_some(int fd) {
    pollfd event{fd, POLLIN, 0};
    std::string bytes(64 << 10, '\0');
    const ssize_t got = ::poll(&event, 1, answer_limit_ms) > 0 ? ::read(fd, bytes.data(), bytes.size()) : 0;
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }

  /// "TASK SLOT HEX"
  void call_with(const std::string& place) {
    const std::size_t first = place.find(' ');
    const std::size_t second = place.find(' ', first + 1);
    if (second == std::string::npos || place.size() < second + 65) return;
    Key token{};
    for (std::size_t i = 0; i < token.size(); ++i) {
      const char* const digits = place.data() + second + 1 + 2 * i;
      std::from_chars(digits, digits + 2, token.at(i), 16);
    }
    const std::string task = place.substr(0, first);
    call(static_cast<std::uint32_t>(std::stoul(place.substr(first + 1))), task, agent::first_keys(token, task));
  }

  void call(std::uint32_t slot, const std::string& task, const agent::CallKeys& keys) {
    const agent::Caller caller{slot, keys, agent::random_key()};
    UniqueFd fd = connect_to(relay_);
    ++calls_;
    if (!fd) return;
    ::send(fd.get(), caller.opening().data(), caller.opening().size(), MSG_NOSIGNAL);
    const std::string reply = read_some(fd.get());
    heard_ += reply.size();
    auto session = caller.finish(reply.substr(0, agent::reply_size));
    if (!session) return;
    std::string last_word;
    session->sealer.seal(task + std::string(agent::task_size - task.size(), '\0'), last_word);
    ::send(fd.get(), last_word.data(), last_word.size(), MSG_NOSIGNAL);
    pose(agent::FrameStream{std::move(fd), std::move(*session)});
  }

  /// A worker for whom everything succeeds.
  void pose(agent::FrameStream stream) {
    for (bool open = true; open;) {
      pollfd event{stream.in(), POLLIN, 0};
      if (::poll(&event, 1, answer_limit_ms) <= 0) return;
      open = stream.receive();
      for (auto message = stream.next(); message && *message; message = stream.next()) answer(stream, **message);
      open = stream.flush() && open;
    }
  }
  void answer(agent::FrameStream& stream, const wire::Message& message) {
    ++let_in_;
    if (std::holds_alternative<wire::Hello>(message)) stream.send(wire::Welcome{});
    if (const auto* run = std::get_if<wire::Run>(&message)) {
      for (const std::string& argument : run->argv) std::puts(argument.c_str());
      for (const std::string& variable : run->env) std::puts(variable.c_str());
      wire::Started started;
      started.job = run->job;
      stream.send(started);
      wire::Finished finished;
      finished.job = run->job;
      finished.attempt = run->attempt;
      finished.nonce = run->nonce;
      finished.outcome.kind = nmz::job::OutcomeKind::exited;
      stream.send(finished);
    }
  }

  std::filesystem::path directory_;
  Address relay_;
  std::deque<UniqueFd> silent_;
  std::size_t calls_ = 0;
  std::size_t let_in_ = 0;  ///< messages that the coordinator sent it
  std::size_t heard_ = 0;   ///< of what only a worker hears
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::filesystem::path directory{argv[1]};
  const auto end = Clock::now() + std::chrono::seconds{std::atoi(argv[2])};
  std::optional<Address> relay;
  while (!(relay = find_relay(directory)) && Clock::now() < end) std::this_thread::sleep_for(10ms);
  if (!relay) {
    std::puts("no relay");
    return 1;
  }
  Rogue rogue{directory, *relay};
  rogue.attack_until(end);
  std::puts(rogue.report().c_str());
  return 0;
}
