// Who is let in by the real relay, and what a call costs it.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay_process.hpp"

namespace nmz::agent {
namespace {

using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

Key token_key(std::uint32_t slot) {
  Key key{};
  std::ranges::copy(support::token_of(slot), key.begin());
  return key;
}

CallKeys token_keys(std::uint32_t slot, const std::string& task = "task") { return first_keys(token_key(slot), task); }

std::string opening_of(std::uint32_t slot, const CallKeys& keys) { return Caller{slot, keys, random_key()}.opening(); }

/// Closes its descriptors at the end of a test.
class RelayCallsTest : public ::testing::Test {
 protected:
  ~RelayCallsTest() override {
    for (const int fd : fds_) {
      ::close(fd);
    }
  }
  int keep(int fd) {
    fds_.push_back(fd);
    return fd;
  }
  /// It is closed without a byte of an answer, and the coordinator hears of it.
  void expect_refused(const std::string& greeting, std::uint32_t slot) {
    std::this_thread::sleep_for(250ms);  // or it would not be told again
    EXPECT_TRUE(is_closed_within(keep(relay_.connect(greeting)), patience));
    const auto refused = relay_.expect_after_credit<wire::CallRefused>();
    EXPECT_EQ(refused.slot, slot);
    EXPECT_THAT(refused.peer, StartsWith("127.0.0.1:"));
  }
  [[nodiscard]] std::optional<Line> let_in(std::uint32_t slot, const CallKeys& keys, const std::string& task) {
    std::optional<Line> line = relay_.begin_call(slot, keys);
    if (line) {
      line->say(task + std::string(task_size - task.size(), '\0'));
    }
    return line;
  }

  RelayProcess relay_;

 private:
  std::vector<int> fds_;
};

TEST_F(RelayCallsTest, StrangersGetNoAnswer) {
  expect_refused(std::string(opening_size, '\0'), 0);
  expect_refused("NMZKNOCK" + std::string(64, 't') + "more", 0);
  expect_refused("GET / HTTP/1.1\r\nHost: relay\r\nUser-Agent: a stranger, but a long one, as browsers are\r\n\r\n", 0);
  expect_refused(opening_of(0, token_keys(1)), 0);
  expect_refused(opening_of(1025, token_keys(1)), 0);
  expect_refused(opening_of(0xffffffffU, token_keys(1)), 0);
  expect_refused(opening_of(1, token_keys(2)), 0);
  std::string changed = opening_of(1, token_keys(1));
  changed[20] = static_cast<char>(changed[20] ^ 1);
  expect_refused(changed, 0);
  const Line worker = relay_.call(1);
  EXPECT_EQ(relay_.expect<wire::ChannelOpened>().slot, 1U) << "and none of them has used it up";
}

TEST_F(RelayCallsTest, AnOpeningMayComeInPiecesButNotLate) {
  const std::string opening = opening_of(1, token_keys(1));
  const int late = keep(relay_.connect(opening.substr(0, 10)));
  const int slow = keep(relay_.connect(opening.substr(0, 10)));
  const std::optional<Line> silent = relay_.begin_call(2, token_keys(2));
  std::this_thread::sleep_for(100ms);
  write_exactly(slow, opening.substr(10));
  EXPECT_EQ(read_exactly(slow, reply_size).size(), reply_size);
  EXPECT_FALSE(is_closed_within(late, 3s));
  EXPECT_TRUE(is_closed_within(late, 4s));
  EXPECT_TRUE(is_closed_within(silent.value().fd(), 1s)) << "its last word never came";
  EXPECT_TRUE(relay_.is_silent_for(50ms));
}

TEST_F(RelayCallsTest, ATokenCountsOnce) {
  Line worker = relay_.call(1, "first");
  const auto opened = relay_.expect<wire::ChannelOpened>();
  expect_refused(opening_of(1, token_keys(1, "first")), 1);
  expect_refused(opening_of(1, token_keys(1, "second")), 1);
  worker.say("still here");
  EXPECT_EQ(relay_.expect<wire::ChannelData>().bytes, "still here");
  worker.close();
  EXPECT_EQ(relay_.expect<wire::ChannelClosed>().channel, opened.channel);
  expect_refused(opening_of(1, token_keys(1, "first")), 1);
}

TEST_F(RelayCallsTest, AWorkerCallsAgainWithTheNextKeyOnly) {
  const Line first = relay_.call(1);
  const auto opened = relay_.expect<wire::ChannelOpened>();
  Key next{};
  std::ranges::copy(opened.next_key, next.begin());
  const std::optional<Line> second = let_in(1, CallKeys{next, next}, "task");
  EXPECT_EQ(relay_.expect<wire::ChannelClosed>().channel, opened.channel) << "the old connection, which it gave up";
  EXPECT_EQ(relay_.expect<wire::ChannelOpened>().slot, 1U);
  EXPECT_TRUE(is_closed_within(first.fd(), patience));
  EXPECT_TRUE(is_closed_within(keep(relay_.connect(opening_of(1, CallKeys{next, next}))), patience));
  EXPECT_TRUE(relay_.is_silent_for(50ms)) << "that was no stranger";
}

TEST_F(RelayCallsTest, AReplacedWorkerThatComesBackIsNoStranger) {
  const Line first = relay_.call(1, "first");
  const auto opened = relay_.expect<wire::ChannelOpened>();
  Key next{};
  std::ranges::copy(opened.next_key, next.begin());
  relay_.send(wire::TaskAdmitted{1, "second"});
  const std::optional<Line> second = let_in(1, token_keys(1, "second"), "second");
  static_cast<void>(relay_.expect<wire::ChannelClosed>());
  static_cast<void>(relay_.expect<wire::ChannelOpened>());
  for (int again = 0; again < 3; ++again) {
    EXPECT_TRUE(is_closed_within(keep(relay_.connect(opening_of(1, CallKeys{next, next}))), patience));
  }
  EXPECT_TRUE(relay_.is_silent_for(50ms));
  expect_refused(opening_of(2, CallKeys{next, next}), 0);
}

TEST_F(RelayCallsTest, OfTwoWithOneKeyTheFirstIsLetIn) {
  std::optional<Line> one = relay_.begin_call(1, token_keys(1));
  std::optional<Line> two = relay_.begin_call(1, token_keys(1));
  two.value().say(std::string(task_size, 't'));
  EXPECT_EQ(relay_.expect<wire::ChannelOpened>().slot, 1U);
  one.value().say(std::string(task_size, 't'));
  EXPECT_TRUE(is_closed_within(one->fd(), patience));
  EXPECT_EQ(relay_.expect<wire::CallRefused>().slot, 1U);
  two->say("here");
  EXPECT_EQ(relay_.expect<wire::ChannelData>().bytes, "here");
}

TEST_F(RelayCallsTest, ATaskThatIsAdmittedIsLetInOnce) {
  const Line first = relay_.call(1, "first");
  const auto opened = relay_.expect<wire::ChannelOpened>();
  relay_.send(wire::TaskAdmitted{1, "second"});
  expect_refused(opening_of(1, token_keys(1, "first")), 1);
  expect_refused(opening_of(1, token_keys(1, "third")), 1);
  const std::optional<Line> second = let_in(1, token_keys(1, "second"), "second");
  EXPECT_EQ(relay_.expect<wire::ChannelClosed>().channel, opened.channel);
  EXPECT_EQ(relay_.expect<wire::ChannelOpened>().task, "second");
  relay_.send(wire::TaskAdmitted{1, "second"});  // an answer to what it had been refused before
  expect_refused(opening_of(1, token_keys(1, "second")), 1);
}

TEST_F(RelayCallsTest, ARecordedCallIsWorthNothing) {
  Key secret = random_key();
  const Caller caller{1, token_keys(1), secret};
  const int fd = keep(relay_.connect(caller.opening()));
  std::string reply = read_exactly(fd, reply_size);
  std::string last_word;
  caller.finish(reply).value().sealer.seal(std::string(task_size, 't'), last_word);
  const int replayed_early = keep(relay_.connect(caller.opening()));
  EXPECT_NE(read_exactly(replayed_early, reply_size), reply);
  write_exactly(replayed_early, last_word);
  EXPECT_TRUE(is_closed_within(replayed_early, patience));
  EXPECT_EQ(relay_.expect<wire::CallRefused>().slot, 0U);
  write_exactly(fd, last_word);
  EXPECT_EQ(relay_.expect<wire::ChannelOpened>().slot, 1U);
  expect_refused(caller.opening() + last_word, 1);
}

TEST_F(RelayCallsTest, AChangedByteEndsTheChannelAndIsNotHandedOn) {
  const std::optional<Line> line = let_in(1, token_keys(1), "task");
  const auto opened = relay_.expect<wire::ChannelOpened>();
  write_exactly(line.value().fd(), std::string(40, '\1'));
  const auto closed = relay_.expect<wire::ChannelClosed>();
  EXPECT_EQ(closed.channel, opened.channel);
  EXPECT_THAT(closed.reason, testing::HasSubstr("tampered"));
}

TEST_F(RelayCallsTest, RefusalsAreToldSeldomHoweverManyThereAre) {
  Line worker = relay_.call(1);
  static_cast<void>(relay_.expect<wire::ChannelOpened>());
  const auto began = Clock::now();
  for (int i = 0; i < 300; ++i) {
    EXPECT_TRUE(is_closed_within(keep(relay_.connect(opening_of(1, token_keys(1)))), patience));
    EXPECT_TRUE(is_closed_within(keep(relay_.connect(std::string(opening_size, 'x'))), patience));
  }
  const auto most = 2 * (1 + (Clock::now() - began) / 200ms);
  std::ptrdiff_t told = 0;
  worker.say("the end");
  wire::RelayMessage message = relay_.receive().value();
  for (; std::holds_alternative<wire::CallRefused>(message); message = relay_.receive().value()) {
    ++told;
  }
  EXPECT_GE(told, 2);
  EXPECT_LE(told, most);
}

// ---- the agent's side

TEST_F(RelayCallsTest, AReplacedTaskComesInOnceItIsAdmitted) {
  const Line first = relay_.call(1, "first");
  static_cast<void>(relay_.expect<wire::ChannelOpened>());
  CallingWorker second{relay_.port(), support::place_file(1, "second")};
  EXPECT_EQ(relay_.expect<wire::CallRefused>().slot, 1U);
  relay_.send(wire::TaskAdmitted{1, "second"});
  wire::RelayMessage message = relay_.receive().value();
  for (; !std::holds_alternative<wire::ChannelOpened>(message); message = relay_.receive().value()) {
  }
  EXPECT_EQ(std::get<wire::ChannelOpened>(message).task, "second");
}

/// How often the bytes are in what the process can write to, of which its program text is no part.
std::size_t found_in_memory(pid_t pid, const std::string& bytes) {
  const std::string process = "/proc/" + std::to_string(pid);
  std::istringstream maps{support::read_file(process + "/maps")};
  std::ifstream memory{process + "/mem", std::ios::binary};
  std::size_t found = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char minus = 0;
    std::string access;
    std::istringstream{line} >> std::hex >> begin >> minus >> end >> access;
    constexpr std::uint64_t largest = std::uint64_t{1} << 30;  // a sanitizer's books are terabytes of nothing
    if (!access.starts_with("rw") || end - begin > largest) {
      continue;
    }
    std::string content(end - begin, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(memory.gcount()));
    for (auto at = content.find(bytes); at != std::string::npos; at = content.find(bytes, at + 1)) {
      ++found;
    }
  }
  return found;
}

TEST_F(RelayCallsTest, NoTestFindsTheTokenInItsAgentsMemory) {
  ASSERT_EQ(::geteuid(), 0U) << "another process's memory needs root";
  CallingWorker caller{relay_.port(), support::place_file(1, "the-name-of-its-task")};
  ChannelConversation conversation{relay_, relay_.expect<wire::ChannelOpened>().channel};
  static_cast<void>(conversation.greet());
  EXPECT_EQ(found_in_memory(caller.process().pid(), "the-name-of-its-task"), 1U) << "or this finds nothing at all";
  EXPECT_EQ(found_in_memory(caller.process().pid(), support::token_of(1)), 0U);
  EXPECT_EQ(found_in_memory(caller.process().pid(), support::hexadecimal(support::token_of(1))), 0U);
}

TEST_F(RelayCallsTest, ItTalksToNobodyElseThanItsRelay) {
  // Somebody who listens in the relay's place, and answers with what it cannot know.
  const int listener = keep(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  CallingWorker caller{ntohs(address.sin_port), support::place_file(1, "task"), {}, 1s};
  const int fd = keep(::accept(listener, nullptr, nullptr));
  const std::string opening = read_exactly(fd, opening_size);
  EXPECT_EQ(opening.find(support::token_of(1)), std::string::npos);
  EXPECT_EQ(opening.find("task"), std::string::npos);
  write_exactly(fd, answer(opening, token_key(2), random_key()).reply);
  EXPECT_TRUE(is_closed_within(fd, patience)) << "nothing is said, not even its task";
  EXPECT_EQ(caller.process().wait(), 0);
}

/// The relay dies between the last word and the coordinator: the two are one key apart.
TEST_F(RelayCallsTest, AWorkerWhoseLastWordWasLostCallsAgainWithTheKeyBefore) {
  CallingWorker caller{relay_.port(), support::place_file(1, "task")};
  static_cast<void>(relay_.expect<wire::ChannelOpened>());  // never greeted, and forgotten here
  const std::uint16_t port = relay_.port();
  relay_.process().kill(SIGKILL);
  relay_.close_link();
  EXPECT_TRUE(relay_.process().wait());
  RelayProcess other{port, "127.0.0.1", nullptr, Workers{1}};
  wire::RelayMessage message = other.receive().value();
  for (; !std::holds_alternative<wire::ChannelOpened>(message); message = other.receive().value()) {
  }
  ChannelConversation conversation{other, std::get<wire::ChannelOpened>(message).channel};
  EXPECT_EQ(conversation.greet().pid, static_cast<std::uint32_t>(caller.process().pid()));
}

}  // namespace
}  // namespace nmz::agent
