// The coordinator's end of a real relay, with real workers that call it over loopback.
#include "nmz/orchestrator/relay_link.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conversation.hpp"
#include "support/swarm_place.hpp"
#include "support/temp_directory.hpp"

namespace nmz::orchestrator {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class TestStream final : public Stream {
 public:
  explicit TestStream(asio::local::stream_protocol::socket socket) : socket_{std::move(socket)} {}
  asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override {
    auto [code, count] = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), as_result);
    if (code == asio::error::eof) co_return std::size_t{0};
    if (code) co_return fail(ErrorKind::retryable, code.message());
    co_return count;
  }
  asio::awaitable<Result<void>> write(std::string bytes) override {
    auto [code, count] = co_await asio::async_write(socket_, asio::buffer(bytes), as_result);
    if (code) co_return fail(ErrorKind::retryable, code.message());
    co_return Result<void>{};
  }
  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::local::stream_protocol::socket socket_;
};

class RelayLinkTest : public testing::Test {
 protected:
  RelayLinkTest() { start_relay(); }
  ~RelayLinkTest() override {
    for (const pid_t child : children_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }

  pid_t spawn(std::vector<std::string> arguments, int stream) {
    arguments.insert(arguments.begin(), NMZ_NMZAGENT);
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const std::string relay = "127.0.0.1:" + std::to_string(port_);
    const auto slot = static_cast<std::uint32_t>(children_.size());
    const std::string place = temp_.path() / ("place" + std::to_string(slot));
    support::write_file(place, support::place_file(slot, "task"));
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::setenv("NMZ_RELAY", relay.c_str(), 1);
      ::setenv("NMZ_TOKEN_FILE", place.c_str(), 1);
      if (stream >= 0) {
        ::dup2(stream, STDIN_FILENO);
        ::dup2(stream, STDOUT_FILENO);
      }
      ::execv(pointers[0], pointers.data());
      ::_exit(99);
    }
    children_.push_back(child);
    return child;
  }

  void start_relay() {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    relay_ = spawn({"--relay"}, ends[1]);
    ::close(ends[1]);
    asio::local::stream_protocol::socket socket{io_, asio::local::stream_protocol{}, ends[0]};
    link_ = std::make_unique<RelayLink>(io_.get_executor(), std::make_shared<TestStream>(std::move(socket)));
  }

  pid_t start_worker() {
    const std::string tree = temp_.path() / ("tree" + std::to_string(children_.size()));
    return spawn({"--connect", "--tree", tree}, -1);
  }

  /// Everything that the body starts has to end by itself.
  void run(const std::function<asio::awaitable<void>()>& body) {
    go(opened(body));
    const bool done = io_.run_for(60s) > 0 && io_.stopped();
    EXPECT_TRUE(done) << "something did not end";
  }

  void go(asio::awaitable<void> coroutine) {
    auto done = [](const std::exception_ptr& bug) {
      if (bug) std::rethrow_exception(bug);
    };
    asio::co_spawn(io_, std::move(coroutine), std::move(done));
  }

  asio::awaitable<void> opened(std::function<asio::awaitable<void>()> body) {
    std::vector<std::string> tokens;
    for (std::uint32_t slot = 1; slot <= 20; ++slot) tokens.push_back(support::token_of(slot));
    const std::string address = "127.0.0.1";
    Result<std::uint16_t> port = co_await link_->open(tokens, tokens, address, 0);
    if (!port) {
      ADD_FAILURE() << port.error().message;
      co_return;
    }
    port_ = *port;
    co_await body();
    link_->close();
  }

  asio::awaitable<std::shared_ptr<Stream>> accept() {
    Result<std::shared_ptr<Stream>> stream = co_await link_->accept(job::WorkerId{0});
    if (!stream) throw std::runtime_error{stream.error().message};
    co_return *stream;
  }

  /// For accepts that wait: how it ended is added to `ends_`.
  asio::awaitable<void> await_accept(job::WorkerId name) {
    Result<std::shared_ptr<Stream>> stream = co_await link_->accept(name);
    const std::string who = std::to_string(static_cast<unsigned>(name));
    ends_.push_back(who + (stream ? " accepted" : " " + stream.error().message));
  }

  asio::awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer{io_, time};
    co_await timer.async_wait(as_result);
  }

  asio::awaitable<void> greet(std::shared_ptr<Stream> stream) {
    Conversation conversation{std::move(stream)};
    wire::Hello hello;
    hello.heartbeat = 0ms;
    const wire::Message message = hello;
    co_await conversation.say(message);
    const std::optional<wire::Welcome> welcome = co_await conversation.hear<wire::Welcome>();
    EXPECT_TRUE(welcome);
  }

  asio::awaitable<void> run_job(std::shared_ptr<Stream> stream, std::string text) {
    Conversation conversation{std::move(stream)};
    wire::Run job;
    job.argv = {"echo", text};
    const wire::Message message = job;
    co_await conversation.say(message);
    const std::optional<wire::Log> log = co_await conversation.hear<wire::Log>();
    EXPECT_EQ(log ? log->bytes : "nothing", text + "\n");
    const std::optional<wire::Finished> finished = co_await conversation.hear<wire::Finished>();
    EXPECT_TRUE(finished && finished->outcome.kind == job::OutcomeKind::exited);
    ++jobs_done_;
  }

  asio::awaitable<void> lay_out(std::shared_ptr<Stream> stream, std::string tree) {
    Conversation conversation{stream};
    co_await greet(stream);
    Result<void> written = co_await stream->write(std::move(tree));
    EXPECT_TRUE(written);
    const std::optional<wire::TreeReady> ready = co_await conversation.hear<wire::TreeReady>();
    EXPECT_TRUE(ready && ready->outcome.kind == job::OutcomeKind::exited);
    ++jobs_done_;
  }

  support::TempDirectory temp_{"relay-link"};
  asio::io_context io_;
  std::uint16_t port_ = 0;
  std::unique_ptr<RelayLink> link_;
  pid_t relay_ = 0;
  std::vector<pid_t> children_;
  std::vector<std::string> ends_;
  int jobs_done_ = 0;
};

TEST_F(RelayLinkTest, TwoWorkersRunJobs) {
  const auto body = [this]() -> asio::awaitable<void> {
    start_worker();
    const std::shared_ptr<Stream> first = co_await accept();
    start_worker();
    const std::shared_ptr<Stream> second = co_await accept();
    co_await greet(first);
    co_await greet(second);
    go(run_job(first, "one"));
    co_await run_job(second, "two");
    while (jobs_done_ < 2) co_await pause(5ms);
  };
  run(body);
}

/// A tree of files whose frames are of the given size, as a coordinator sends it.
std::string tree_of(std::size_t total, std::size_t file_size) {
  std::mt19937 random{1};
  std::string stream;
  wire::encode(wire::TreeBegin{true, false}, stream);
  for (std::size_t at = 0, number = 0; at < total; at += file_size, ++number) {
    wire::TreeFile file;
    file.path = "file" + std::to_string(number);
    file.size = file_size;
    wire::encode(file, stream);
    std::string content(file_size, '\0');
    std::generate(content.begin(), content.end(), [&random] { return static_cast<char>(random()); });
    for (std::size_t piece = 0; piece < file_size; piece += wire::data_chunk) {
      wire::encode(wire::TreeData{content.substr(piece, wire::data_chunk)}, stream);
    }
  }
  wire::encode(wire::TreeEnd{}, stream);
  return stream;
}

TEST_F(RelayLinkTest, WhatFourWorkersGetCrossesOnce) {
  const auto body = [this]() -> asio::awaitable<void> {
    const std::string tree = tree_of(20'000'000, 3 * wire::data_chunk);
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 4; ++i) {
      start_worker();
      const std::shared_ptr<Stream> stream = co_await accept();
      go(lay_out(stream, tree));
    }
    while (jobs_done_ < 4) co_await pause(5ms);
    EXPECT_LT(link_->bytes_sent(), 20'100'000U);
    EXPECT_GE(link_->bytes_saved(), 59'900'000U);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    RecordProperty("seconds", std::to_string(took.count()));
  };
  run(body);
  EXPECT_EQ(jobs_done_, 4);
}

TEST_F(RelayLinkTest, OneWaitingAcceptCanBeCancelled) {
  const auto body = [this]() -> asio::awaitable<void> {
    go(await_accept(job::WorkerId{1}));
    go(await_accept(job::WorkerId{2}));
    go(await_accept(job::WorkerId{3}));
    co_await pause(20ms);
    link_->cancel_accept(job::WorkerId{1});
    start_worker();
    while (ends_.size() < 2) co_await pause(5ms);
    link_->cancel_accepts();
    while (ends_.size() < 3) co_await pause(5ms);
  };
  run(body);
  EXPECT_EQ(ends_, (std::vector<std::string>{"1 cancelled", "2 accepted", "3 cancelled"}));
}

TEST_F(RelayLinkTest, AllOfItEndsWithTheRelay) {
  const auto body = [this]() -> asio::awaitable<void> {
    start_worker();
    const std::shared_ptr<Stream> stream = co_await accept();
    co_await greet(stream);
    go(await_accept(job::WorkerId{1}));
    co_await pause(20ms);
    ::kill(relay_, SIGKILL);
    std::array<char, 100> buffer{};
    const std::span<char> space{buffer};
    const Result<std::size_t> count = co_await stream->read(space);
    EXPECT_FALSE(count);
    if (count) co_return;
    EXPECT_EQ(count.error().kind, ErrorKind::retryable);
    EXPECT_THAT(count.error().message, HasSubstr("the relay was lost: "));
    const std::string bytes = "too late";
    const Result<void> written = co_await stream->write(bytes);
    EXPECT_FALSE(written);
    const Error why = co_await link_->lost();
    EXPECT_EQ(why.kind, ErrorKind::retryable);
    co_await await_accept(job::WorkerId{2});
    while (ends_.size() < 2) co_await pause(5ms);
    for (const std::string& end : ends_) EXPECT_THAT(end, HasSubstr("the relay was lost: "));
  };
  run(body);
}

TEST_F(RelayLinkTest, CloseEndsWhatWaits) {
  const auto body = [this]() -> asio::awaitable<void> {
    go(await_accept(job::WorkerId{1}));
    co_await pause(20ms);
    link_->close();
    const Error why = co_await link_->lost();
    EXPECT_EQ(why.kind, ErrorKind::cancelled);
    link_.reset();
    start_relay();  // for the end of this test
  };
  run(body);
  EXPECT_EQ(ends_, std::vector<std::string>{"1 cancelled"});
}

TEST_F(RelayLinkTest, AChannelIsClosedAlone) {
  const auto body = [this]() -> asio::awaitable<void> {
    start_worker();
    const std::shared_ptr<Stream> first = co_await accept();
    const pid_t killed = start_worker();
    const std::shared_ptr<Stream> second = co_await accept();
    start_worker();
    const std::shared_ptr<Stream> third = co_await accept();
    co_await greet(first);
    co_await greet(second);
    co_await greet(third);
    asio::steady_timer later{io_, 20ms};
    later.async_wait([first](const boost::system::error_code&) { first->close(); });
    std::array<char, 100> buffer{};
    const std::span<char> space{buffer};
    const Result<std::size_t> closed = co_await first->read(space);
    EXPECT_TRUE(!closed && closed.error().kind == ErrorKind::cancelled);
    ::kill(killed, SIGKILL);
    const Result<std::size_t> gone = co_await second->read(space);
    EXPECT_TRUE(!gone || *gone == 0);
    co_await run_job(third, "goes on");
  };
  run(body);
  EXPECT_EQ(jobs_done_, 1);
}

TEST_F(RelayLinkTest, AWorkerThatGoesUnclaimedIsNotHandedOut) {
  const auto body = [this]() -> asio::awaitable<void> {
    const pid_t early = start_worker();
    co_await pause(200ms);
    ::kill(early, SIGKILL);
    co_await pause(100ms);
    start_worker();
    const std::shared_ptr<Stream> stream = co_await accept();
    co_await greet(stream);
    co_await run_job(stream, "alive");
  };
  run(body);
  EXPECT_EQ(jobs_done_, 1);
}

TEST_F(RelayLinkTest, AWriteToAWorkerThatDoesNotReadCanBeClosed) {
  const auto body = [this]() -> asio::awaitable<void> {
    const pid_t stopped = start_worker();
    const std::shared_ptr<Stream> stream = co_await accept();
    ::kill(stopped, SIGSTOP);
    asio::steady_timer later{io_, 300ms};
    later.async_wait([stream](const boost::system::error_code&) { stream->close(); });
    std::string bytes(32'000'000, 'x');
    const Result<void> written = co_await stream->write(std::move(bytes));
    EXPECT_TRUE(!written && written.error().kind == ErrorKind::cancelled);
    EXPECT_LT(link_->bytes_sent(), 20'000'000U) << "credit ended it";
  };
  run(body);
}

}  // namespace
}  // namespace nmz::orchestrator
