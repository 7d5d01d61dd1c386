// The relay and workers that call it, over loopback.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay_process.hpp"

namespace nmz::agent {
namespace {

// Of the relay while 64 MiB go through. A sanitizer keeps what was freed for a while.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t most_resident = std::size_t{32} << 20U;
#else
constexpr std::size_t most_resident = std::size_t{16} << 20U;
#endif

constexpr int signalled = 5;  ///< an exit code

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

wire::ChannelData data_for(wire::ChannelId channel, std::string bytes, bool keep = false) {
  return {channel, keep, std::move(bytes)};
}

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random{seed};
  std::string bytes(size, '\0');
  std::ranges::generate(bytes, [&random] { return static_cast<char>(random()); });
  return bytes;
}

/// Closes its descriptors at the end of a test.
class RelayTest : public ::testing::Test {
 protected:
  ~RelayTest() override {
    for (const int fd : fds_) {
      ::close(fd);
    }
  }
  int keep(int fd) {
    fds_.push_back(fd);
    return fd;
  }
  /// The next slot's.
  std::pair<Line, wire::ChannelId> worker(RelayProcess& relay) {
    Line line = relay.call(++slot_);
    return {std::move(line), relay.expect_after_credit<wire::ChannelOpened>().channel};
  }

 private:
  std::vector<int> fds_;
  std::uint32_t slot_ = 0;
};

TEST_F(RelayTest, PassesBytesBothWaysAndTellsWhoCame) {
  RelayProcess relay;
  EXPECT_THAT(relay.ready().failure, IsEmpty());
  Line line = relay.call(7, "seventh");
  const auto opened = relay.expect<wire::ChannelOpened>();
  EXPECT_THAT(opened.peer, StartsWith("127.0.0.1:"));
  EXPECT_EQ(opened.slot, 7U);
  EXPECT_EQ(opened.task, "seventh");
  line.say("from the worker");
  EXPECT_EQ(relay.expect<wire::ChannelData>(), data_for(opened.channel, "from the worker"));
  relay.send(data_for(opened.channel, "to the worker"));
  EXPECT_EQ(line.hear(13), "to the worker");
  EXPECT_EQ(relay.expect<wire::ChannelCredit>(), (wire::ChannelCredit{opened.channel, 13}));
  line.close();
  EXPECT_EQ(relay.expect<wire::ChannelClosed>(), (wire::ChannelClosed{opened.channel, ""}));
}

TEST_F(RelayTest, ListensOnIPv6AndSaysWhenItCannotListen) {
  RelayProcess v6{0, "::"};
  ASSERT_THAT(v6.ready().failure, IsEmpty());
  const Line line = v6.call(1);
  EXPECT_THAT(v6.expect<wire::ChannelOpened>().peer, StartsWith("127.0.0.1:"));
  RelayProcess taken{v6.port()};
  EXPECT_THAT(taken.ready().failure, HasSubstr("Address already in use"));
  RelayProcess name{0, "localhost"};
  EXPECT_THAT(name.ready().failure, HasSubstr("numeric"));
}

void allow_many_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST_F(RelayTest, SilentConnectionsMakeWayForWorkers) {
  allow_many_descriptors();
  RelayProcess relay;
  std::vector<int> silent;
  std::generate_n(std::back_inserter(silent), 1500,
                  [&] { return keep(relay.connect(silent.size() % 2 == 0 ? "" : "NMZ")); });
  const auto began = Clock::now();
  static_cast<void>(worker(relay));
  EXPECT_LT(Clock::now() - began, 4500ms) << "before the limit of a handshake";
  EXPECT_TRUE(is_closed_within(silent.front(), 1s)) << "the oldest goes first";
  EXPECT_FALSE(is_closed_within(silent.back(), 50ms));
}

TEST_F(RelayTest, AThousandWorkersAtOnceAreAllServed) {
  constexpr std::uint32_t count = 1000;
  allow_many_descriptors();
  RelayProcess relay;
  std::vector<std::optional<Line>> lines(count + 1);
  std::map<wire::ChannelId, std::uint32_t> slots;
  for (std::uint32_t slot = 1; slot <= count; ++slot) {
    lines[slot].emplace(relay.call(slot));
  }
  while (slots.size() < count) {
    const auto opened = relay.expect<wire::ChannelOpened>();
    slots[opened.channel] = opened.slot;
  }
  for (const auto& [channel, slot] : slots) {
    relay.send(data_for(channel, std::to_string(10'000 + slot)));
  }
  for (std::uint32_t slot = 1; slot <= count; ++slot) {
    EXPECT_EQ(lines[slot]->hear(5), std::to_string(10'000 + slot));
  }
}

TEST_F(RelayTest, WorkersTakeTurnsWhileTheCoordinatorIsSlow) {
  RelayProcess relay;
  auto [loud, loud_channel] = worker(relay);
  auto [quiet, quiet_channel] = worker(relay);
  std::thread shouting{[&line = loud] { line.say(std::string(64 << 20, 'x')); }};
  std::this_thread::sleep_for(200ms);  // everything between is full now
  quiet.say("here");
  std::size_t from_loud = 0;
  std::size_t before_quiet = 0;
  bool heard = false;
  while (from_loud < (64U << 20U) || !heard) {
    const auto data = relay.expect<wire::ChannelData>();
    if (data.channel == loud_channel) {
      from_loud += data.bytes.size();
    } else {
      EXPECT_EQ(data, data_for(quiet_channel, "here"));
      before_quiet = from_loud;
      heard = true;
    }
  }
  shouting.join();
  EXPECT_LT(before_quiet, 4U << 20U);
  EXPECT_LT(relay.resident_bytes(), most_resident) << "64 MiB went through";
}

TEST_F(RelayTest, AKeptPieceIsReplayedToSeveral) {
  RelayProcess relay;
  const std::string first = noise(wire::max_piece, 1);
  const std::string second = noise(5000, 2);
  auto [a, a_channel] = worker(relay);
  auto [b, b_channel] = worker(relay);
  relay.send(data_for(a_channel, first, true));
  relay.send(data_for(a_channel, "between"));
  relay.send(data_for(a_channel, second, true));
  relay.send(wire::ChannelReplay{b_channel, 1});
  relay.send(data_for(b_channel, "between"));
  relay.send(wire::ChannelReplay{b_channel, 0});
  EXPECT_TRUE(a.hear(first.size() + 7 + second.size()) == first + "between" + second);
  EXPECT_TRUE(b.hear(first.size() + 7 + second.size()) == second + "between" + first);
}

TEST_F(RelayTest, APieceForAWorkerThatHasGoneIsKeptAllTheSame) {
  RelayProcess relay;
  auto [a, a_channel] = worker(relay);
  auto [b, b_channel] = worker(relay);
  a.close();
  EXPECT_EQ(relay.expect<wire::ChannelClosed>().channel, a_channel);
  relay.send(data_for(a_channel, "piece 0", true));
  relay.send(wire::ChannelReplay{b_channel, 0});
  EXPECT_EQ(b.hear(7), "piece 0");
}

TEST_F(RelayTest, BrokenProtocolsEndIt) {
  struct Case {
    const char* name;
    wire::RelayMessage message;
    const char* complaint;
  };
  const std::vector<Case> cases = {
      {"an unknown piece", wire::ChannelReplay{wire::ChannelId{1}, 0}, "never kept"},
      {"an unknown channel", data_for(wire::ChannelId{7}, "x"), "never was"},
      {"a long piece", data_for(wire::ChannelId{1}, std::string(wire::max_piece + 1, 'x')), "too long"},
      {"a relay's message", wire::ChannelClosed{}, "only a relay sends"},
      {"a second RelayHello", wire::RelayHello{}, "one RelayHello"},
      {"an unknown worker", wire::TaskAdmitted{1025, "task"}, "never was"},
  };
  for (const auto& [name, message, complaint] : cases) {
    RelayProcess relay;
    const auto first = worker(relay);
    relay.send(message);
    EXPECT_EQ(relay.process().wait(), 3) << name;
    EXPECT_THAT(relay.complaint(), HasSubstr(complaint)) << name;
  }
  RelayProcess relay;
  write_exactly(relay.fd(), std::string(5, '\xff'));
  EXPECT_EQ(relay.process().wait(), 3);
}

TEST_F(RelayTest, MoreThanTheCreditEndsIt) {
  RelayProcess relay;
  auto [line, channel] = worker(relay);
  const std::string piece(wire::max_piece, 'x');
  try {
    for (int i = 0; i < 200; ++i) {
      relay.send(data_for(channel, piece));
    }
  } catch (const std::system_error&) {
    // It has gone already.
  }
  EXPECT_EQ(relay.process().wait(), 3);
  EXPECT_THAT(relay.complaint(), HasSubstr("credit"));
}

TEST_F(RelayTest, AWorkerThatDoesNotReadHoldsUpNobody) {
  RelayProcess relay;
  auto [deaf, deaf_channel] = worker(relay);
  auto [good, good_channel] = worker(relay);
  const std::string piece = noise(wire::max_piece, 3);
  relay.send(data_for(deaf_channel, piece, true));
  const int pieces = 400;  // 100 MiB
  std::thread reading{[&, &line = good] {
    for (int i = 0; i < pieces; ++i) {
      ASSERT_TRUE(line.hear(piece.size()) == piece);
    }
  }};
  std::map<wire::ChannelId, std::size_t> credit{{deaf_channel, wire::channel_window - piece.size()},
                                                {good_channel, wire::channel_window}};
  const auto hear = [&] {
    const auto given = relay.expect<wire::ChannelCredit>();
    credit[given.channel] += given.bytes;
  };
  for (int i = 0; i < pieces; ++i) {
    while (credit[good_channel] < piece.size()) {
      hear();
    }
    credit[good_channel] -= piece.size();
    relay.send(wire::ChannelReplay{good_channel, 0});
    while (credit[deaf_channel] >= piece.size()) {
      credit[deaf_channel] -= piece.size();
      relay.send(data_for(deaf_channel, piece));
      if (credit[deaf_channel] < piece.size() && !relay.is_silent_for(0ms)) {
        hear();
      }
    }
  }
  reading.join();
  EXPECT_LT(relay.resident_bytes(), most_resident);
}

TEST_F(RelayTest, AWorkerMayNotReadForLong) {
  RelayProcess relay;
  auto [line, channel] = worker(relay);
  std::size_t sent = 0;
  for (std::size_t credit = wire::channel_window; credit >= wire::max_piece; credit -= wire::max_piece) {
    relay.send(data_for(channel, std::string(wire::max_piece, 'x')));
    sent += wire::max_piece;
    while (!relay.is_silent_for(20ms)) {
      credit += relay.expect<wire::ChannelCredit>().bytes;
    }
  }
  EXPECT_TRUE(relay.is_silent_for(13s)) << "TCP_USER_TIMEOUT would have ended the connection";
  std::thread reading{[&line = line, sent] { static_cast<void>(line.hear(sent)); }};
  static_cast<void>(relay.expect<wire::ChannelCredit>());
  reading.join();
}

TEST_F(RelayTest, WhatWasWrittenBeforeACloseArrives) {
  RelayProcess relay;
  auto [line, channel] = worker(relay);
  line.say("not read by anybody");
  static_cast<void>(relay.expect<wire::ChannelData>());
  const std::string last = noise(wire::max_piece, 4);
  for (int i = 0; i < 4; ++i) {
    relay.send(data_for(channel, last));
  }
  relay.send(wire::ChannelClose{channel});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(line.hear(last.size()) == last);
  }
  EXPECT_TRUE(is_closed_within(line.fd(), patience));
  line.close();
  EXPECT_EQ(relay.expect_after_credit<wire::ChannelClosed>().channel, channel);
}

TEST_F(RelayTest, ACloseDoesNotWaitForAWorkerForever) {
  RelayProcess relay;
  auto [line, channel] = worker(relay);
  relay.send(wire::ChannelClose{channel});
  EXPECT_EQ(relay.expect<wire::ChannelClosed>().channel, channel) << "the worker keeps its side open";
}

TEST_F(RelayTest, EndsWithItsLinkAndOnTerm) {
  RelayProcess relay;
  auto [line, channel] = worker(relay);
  const int silent = keep(relay.connect(""));
  relay.close_link();
  EXPECT_EQ(relay.process().wait(1s), 0);
  EXPECT_TRUE(is_closed_within(line.fd(), 1s));
  EXPECT_TRUE(is_closed_within(silent, 1s));
  RelayProcess other;
  other.process().kill(SIGTERM);
  EXPECT_EQ(other.process().wait(1s), 0);
}

TEST_F(RelayTest, AFullPlaceForFilesLosesNothing) {
  ASSERT_EQ(::geteuid(), 0U) << "mounting needs root";
  constexpr auto small_places = [] {
    ::unshare(CLONE_NEWNS);
    ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    for (const char* place : {"/tmp", "/var/tmp", "/dev/shm"}) {
      ::mount("none", place, "tmpfs", 0, "size=1m");
    }
    // As nobody: "/" is no place then.
    static_cast<void>(::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0);
  };
  RelayProcess relay{0, "127.0.0.1", small_places};
  auto [a, a_channel] = worker(relay);
  auto [b, b_channel] = worker(relay);
  std::string all;
  for (unsigned i = 0; i < 40; ++i) {
    const std::string piece = noise(wire::max_piece - i, i);
    relay.send(data_for(a_channel, piece, true));
    all += piece;
    ASSERT_TRUE(a.hear(piece.size()) == piece) << i;
  }
  EXPECT_THAT(relay.open_files(), HasSubstr("/memfd:nmz-relay"));
  for (std::uint32_t i = 0; i < 40; ++i) {
    const std::size_t size = wire::max_piece - i;
    relay.send(wire::ChannelReplay{b_channel, i});
    ASSERT_TRUE(b.hear(size) == all.substr(0, size)) << i;
    all.erase(0, size);
  }
}

// ---- workers that call

TEST_F(RelayTest, TwoWorkersRunTheirJobs) {
  RelayProcess relay;
  support::TempDirectory temp{"calling"};
  CallingWorker first{relay.port(), support::place_file(1, "one"), {"--tree", (temp.path() / "1").string()}};
  const auto first_id = relay.expect<wire::ChannelOpened>().channel;
  ChannelConversation one{relay, first_id};
  static_cast<void>(one.greet());
  CallingWorker second{
      relay.port(), support::place_file(2, "two"), {"--tree", "/proc/nowhere", "--tree", (temp.path() / "2").string()}};
  const auto second_id = relay.expect_after_credit<wire::ChannelOpened>().channel;
  ChannelConversation two{relay, second_id};
  static_cast<void>(two.greet());
  int number = 0;
  for (ChannelConversation* worker : {&one, &two}) {
    worker->say(wire::TreeBegin{true, false});
    worker->say(wire::TreeFile{"name", wire::FileMode::regular, 1, false});
    worker->say(wire::TreeData{std::to_string(++number)});
    worker->say(wire::TreeEnd{});
    EXPECT_EQ(worker->expect<wire::TreeReady>().outcome.kind, job::OutcomeKind::exited);
    wire::Run run;
    run.argv = {"sh", "-c", "cat name; env; cat /proc/$PPID/environ"};
    worker->say(run);
    EXPECT_EQ(worker->expect<wire::Started>().phase, job::Phase::test);
    std::string log;
    wire::Message message = worker->hear();
    for (; std::holds_alternative<wire::Log>(message); message = worker->hear()) {
      log += std::get<wire::Log>(message).bytes;
    }
    EXPECT_EQ(std::get<wire::Finished>(message).outcome.code, 0);
    EXPECT_THAT(log, StartsWith(std::to_string(number)));
    EXPECT_THAT(log, HasSubstr("PATH="));
    EXPECT_THAT(log, Not(HasSubstr(support::hexadecimal(support::token_of(1)))));
    EXPECT_THAT(log, Not(HasSubstr("nmz-token")));
    EXPECT_THAT(log, Not(HasSubstr("127.0.0.1")));
    static_cast<void>(worker->expect<wire::TreeState>());
  }
  one.say(wire::Shutdown{});
  EXPECT_EQ(first.process().wait(), 0);
  EXPECT_EQ(relay.expect_after_credit<wire::ChannelClosed>().channel, first_id);
  second.process().kill(SIGKILL);
  EXPECT_EQ(relay.expect_after_credit<wire::ChannelClosed>().channel, second_id);
}

TEST_F(RelayTest, WorkersCallAgainWhenTheirRelayWasKilled) {
  std::optional<RelayProcess> relay{std::in_place};
  const std::uint16_t port = relay->port();
  support::TempDirectory temp{"calling"};
  Workers workers{1};
  CallingWorker caller{port, support::place_file(1, "task"), {"--tree", (temp.path() / "tree").string()}};
  {
    const auto opened = relay->expect<wire::ChannelOpened>();
    workers.keys[0] = opened.next_key;
    ChannelConversation conversation{*relay, opened.channel};
    static_cast<void>(conversation.greet());
    wire::Run run;
    run.argv = {"sh", "-c", "sleep 1000 & echo $! > " + (temp.path() / "pid").string() + "; wait"};
    conversation.say(run);
  }
  const pid_t job = await_pid_file(temp.path() / "pid");
  relay->process().kill(SIGKILL);
  EXPECT_TRUE(disappears(job)) << "nothing of the job goes on";
  relay.reset();
  relay.emplace(port, "127.0.0.1", nullptr, workers);
  ASSERT_THAT(relay->ready().failure, IsEmpty());
  ChannelConversation again{*relay, relay->expect<wire::ChannelOpened>().channel};
  EXPECT_EQ(again.greet().pid, static_cast<std::uint32_t>(caller.process().pid()));
  caller.process().kill(SIGTERM);
  EXPECT_EQ(caller.process().wait(), signalled) << "a Swarm has to start another one: a test may have done it";
}

TEST_F(RelayTest, WithoutARelayACallerGivesUpInPeace) {
  std::uint16_t port = 0;
  {
    RelayProcess relay;
    port = relay.port();
  }
  const auto began = Clock::now();
  CallingWorker caller{port, support::place_file(1, "task"), {}, 700ms};
  CallingWorker asked{port, support::place_file(2, "task")};
  EXPECT_EQ(caller.process().wait(), 0);
  EXPECT_GE(Clock::now() - began, 700ms);
  EXPECT_LT(Clock::now() - began, 20s);
  asked.process().kill(SIGTERM);
  EXPECT_EQ(asked.process().wait(1s), signalled);
}

TEST_F(RelayTest, AWrongTokenIsNotTriedForever) {
  RelayProcess relay;
  const std::string wrong = "task 1 " + support::hexadecimal(support::token_of(2));
  CallingWorker caller{relay.port(), wrong, {}, 700ms};
  EXPECT_EQ(caller.process().wait(), 0);
  EXPECT_EQ(relay.expect<wire::CallRefused>().slot, 0U);
  for (const char* const place : {"", "task", "task 1", "task 1 12zz", "1 0123"}) {
    CallingWorker without{relay.port(), place};
    EXPECT_EQ(without.process().wait(), 2) << place;
  }
}

}  // namespace
}  // namespace nmz::agent
