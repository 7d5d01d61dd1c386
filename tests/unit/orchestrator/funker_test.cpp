// Workers of Namazu Swarm v0 over the loopback, spoken to as a coordinator speaks to agents.
#include "nmz/orchestrator/funker.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "nmz/wire/codec.hpp"

#include "support/called_worker.hpp"

namespace nmz::orchestrator {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using job::OutcomeKind;
using support::CalledWorker;
using support::result_of;
using support::send_all;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr job::WorkerId worker{0};

wire::Run run_of(std::uint32_t job, const std::string& input) {
  wire::Run run;
  run.job = job::JobId{job};
  run.attempt = 2;
  run.nonce = {7, job};
  run.argv = {"/bin/sh", "-c", "not its own"};
  run.input = input;
  return run;
}

/// What was heard of one job.
struct Heard {
  Heard() = default;
  bool started = false;
  std::string log;
  std::optional<wire::Finished> finished;
  std::string broken;  ///< why the stream ended before
};

/// The messages of one stream, in order.
class Line {
 public:
  explicit Line(std::shared_ptr<Stream> stream) : stream_{std::move(stream)} {}

  asio::awaitable<void> say(wire::Message message) {
    std::string bytes;
    wire::encode(message, bytes);
    const Result<void> written = co_await stream_->write(std::move(bytes));
    EXPECT_TRUE(written.has_value());
  }

  /// Nothing at the end, which broken() explains.
  asio::awaitable<std::optional<wire::Message>> hear() {
    std::vector<char> buffer(wire::data_chunk);
    while (true) {
      auto message = decoder_.next();
      if (message && *message) co_return std::move(**message);
      const std::span<char> space{buffer};
      const Result<std::size_t> count = co_await stream_->read(space);
      if (!count) broken_ = count.error().message;
      if (!count || *count == 0) co_return std::nullopt;
      decoder_.feed({buffer.data(), *count});
    }
  }

  asio::awaitable<Heard> hear_job() {
    Heard heard;
    while (!heard.finished) {
      const std::optional<wire::Message> message = co_await hear();
      if (!message) {
        heard.broken = broken_.empty() ? "the end" : broken_;
        break;
      }
      if (std::holds_alternative<wire::Started>(*message)) heard.started = true;
      if (const auto* const log = std::get_if<wire::Log>(&*message)) heard.log += log->bytes;
      if (const auto* const finished = std::get_if<wire::Finished>(&*message)) heard.finished = *finished;
    }
    co_return heard;
  }

 private:
  std::shared_ptr<Stream> stream_;
  wire::Decoder decoder_;
  std::string broken_;
};

class FunkerTest : public testing::Test {
 protected:
  void run(std::function<asio::awaitable<void>()> body) {
    auto coroutine = body();
    auto done = [](const std::exception_ptr& bug) {
      if (bug) std::rethrow_exception(bug);
    };
    asio::co_spawn(io_, std::move(coroutine), std::move(done));
    io_.run();
  }

  void call_workers(const std::string& places) {
    FunkerOptions options;
    options.places = *parse_funker_places(places);
    options.start_patience = 100ms;
    options.return_patience = 20s;
    funker_.emplace(io_.get_executor(), options);
  }

  asio::awaitable<void> greet(std::optional<Line>& line) {
    auto started = co_await funker_->start(worker);
    if (!started) {
      ADD_FAILURE() << started.error().message;
      co_return;
    }
    line.emplace(*started);
    const wire::Message hello = wire::Hello{};
    co_await line->say(hello);
    const auto welcome = co_await line->hear();
    EXPECT_TRUE(welcome && std::holds_alternative<wire::Welcome>(*welcome));
  }

  /// One Run to a worker that answers so; another message may follow it when the call has begun.
  Heard hear_of(CalledWorker& called, wire::Run sent, std::optional<wire::Message> then = std::nullopt) {
    call_workers(called.place());
    Heard heard;
    run([&]() -> asio::awaitable<void> {
      std::optional<Line> line;
      co_await greet(line);
      const wire::Message message = sent;
      co_await line->say(message);
      if (then) {
        const auto first = co_await line->hear();
        EXPECT_TRUE(first && std::holds_alternative<wire::Started>(*first));
        const wire::Message more = *then;
        co_await line->say(more);
      }
      heard = co_await line->hear_job();
      const Result<void> closed = co_await funker_->close();
      EXPECT_TRUE(closed.has_value());
    });
    return heard;
  }

  asio::io_context io_;
  std::optional<Funker> funker_;
};

TEST_F(FunkerTest, PlacesAreReadAndShown) {
  const auto shown = [](const char* text) {
    std::vector<std::string> names;
    const auto places = parse_funker_places(text);
    for (const FunkerPlace& place : *places) names.push_back(place.text());
    return names;
  };
  EXPECT_THAT(shown("worker"), ElementsAre("worker:9999"));
  EXPECT_THAT(shown("a:1,10.0.0.7,[::1],[fd00::7]:65535"),
              ElementsAre("a:1", "10.0.0.7:9999", "[::1]:9999", "[fd00::7]:65535"));
  for (const char* const wrong : {"", ",", "a,", "a:", "a:0", "a:65536", "a:x", "a:1:2", "::1", "[::1", "[]:1",
                                  "[::1]x", "http://a", "a b", "me@a"}) {
    const auto read = parse_funker_places(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_THAT(read.error().message, HasSubstr("needs HOST:PORT")) << wrong;
  }
}

TEST_F(FunkerTest, EachRunIsACallOverAConnectionOfItsOwn) {
  CalledWorker called{[](int fd, const std::string& request) {
    send_all(fd, result_of(request, support::chunk_of(request) == "5", R"(one\ntwo\u00e9)"));
  }};
  call_workers(called.place());
  run([&]() -> asio::awaitable<void> {
    std::optional<Line> line;
    co_await greet(line);
    const wire::Message first = run_of(5, "echo <a>\n\xff\n");
    co_await line->say(first);
    const Heard passed = co_await line->hear_job();
    const wire::Message second = run_of(6, "b\n");
    co_await line->say(second);
    const Heard failed = co_await line->hear_job();
    EXPECT_TRUE(passed.started && passed.finished);
    if (!passed.finished || !failed.finished) co_return;
    EXPECT_EQ(passed.log, "one\ntwo\xc3\xa9");
    EXPECT_EQ(passed.finished->log_bytes, passed.log.size());
    EXPECT_EQ(passed.finished->outcome.kind, OutcomeKind::exited);
    EXPECT_EQ(passed.finished->outcome.code, 0);
    EXPECT_EQ(passed.finished->attempt, 2U);
    EXPECT_EQ(passed.finished->nonce, (wire::Nonce{7, 5}));
    EXPECT_EQ(failed.finished->outcome.kind, OutcomeKind::exited);
    EXPECT_EQ(failed.finished->outcome.code, 1);
    co_await funker_->close();
  });
  EXPECT_THAT(called.requests(),
              ElementsAre(R"({"chunk_id":5,"workloads":[{"id":"echo \u003ca\u003e"},{"id":"\ufffd"}]})",
                          R"({"chunk_id":6,"workloads":[{"id":"b"}]})"));
}

TEST_F(FunkerTest, WhateverIsNoResultOfItsChunkIsALostWorker) {
  struct Case {
    const char* said;
    CalledWorker::Answer answer;
  };
  const auto half = [](int fd, const std::string& request) {
    send_all(fd, result_of(request, true, "x").substr(0, 40));
  };
  const auto reset = [half](int fd, const std::string& request) {
    half(fd, request);
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  };
  const std::vector<Case> cases{
      {"ended the call without a result", [](int, const std::string&) {}},
      {"ended the call without a result", half},
      {"broke off the call", reset},
      {"answered something else: this is no chunk result: a word without end",
       [](int fd, const std::string&) {
         for (int i = 0; i < 64; ++i) send_all(fd, std::string(std::size_t{1} << 20, 'g'));
       }},
      {"answered something else: this is no chunk result: it has no successful",
       [](int fd, const std::string& request) { send_all(fd, "{\"chunk_id\":" + support::chunk_of(request) + "}"); }},
      {"answered something else",
       [](int fd, const std::string& request) {
         send_all(fd, result_of(request, true, "") + result_of(request, true, ""));
       }},
      {"answered for another chunk",
       [](int fd, const std::string&) { send_all(fd, R"({"chunk_id":4,"successful":true,"raw_log":""})"); }},
  };
  for (const Case& one : cases) {
    io_.restart();
    CalledWorker called{one.answer};
    const Heard heard = hear_of(called, run_of(5, "a\n"));
    EXPECT_FALSE(heard.finished) << one.said;
    EXPECT_THAT(heard.broken, HasSubstr(called.place() + ' ' + one.said));
    EXPECT_EQ(called.requests().size(), 1U);
  }
}

TEST_F(FunkerTest, AWholeResultCountsHoweverTheConnectionEnds) {
  CalledWorker called{[](int fd, const std::string& request) {
    send_all(fd, result_of(request, true, "x") + "\n");
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    // A reset would take what is not read yet with it.
    support::wait_for_end(fd);
  }};
  call_workers(called.place());
  FunkerOptions options;
  options.places = *parse_funker_places(called.place());
  options.end_patience = 50ms;
  funker_.emplace(io_.get_executor(), options);
  run([&]() -> asio::awaitable<void> {
    std::optional<Line> line;
    co_await greet(line);
    const wire::Message message = run_of(5, "a\n");
    co_await line->say(message);
    const Heard heard = co_await line->hear_job();
    EXPECT_TRUE(heard.finished && job::passed(heard.finished->outcome)) << heard.broken;
    co_await funker_->close();
  });
}

TEST_F(FunkerTest, OneThatNeverAnswersIsEndedAtItsTimeLimit) {
  CalledWorker called{[](int fd, const std::string&) { support::wait_for_end(fd); }};
  wire::Run sent = run_of(5, "a\n");
  sent.timeout = 50ms;
  const Heard heard = hear_of(called, sent);
  ASSERT_TRUE(heard.finished) << heard.broken;
  EXPECT_EQ(heard.finished->outcome.kind, OutcomeKind::timed_out);
  EXPECT_EQ(heard.finished->outcome.detail, "still running after 50 ms");
}

TEST_F(FunkerTest, ACallIsTakenBackWithoutAVerdict) {
  for (const wire::Message& end :
       {wire::Message{wire::Cancel{job::JobId{5}, false}}, wire::Message{wire::Shutdown{}}}) {
    io_.restart();
    CalledWorker called{[](int fd, const std::string&) { support::wait_for_end(fd); }};
    const Heard heard = hear_of(called, run_of(5, "a\n"), end);
    ASSERT_TRUE(heard.finished) << heard.broken;
    EXPECT_EQ(heard.finished->outcome.kind, OutcomeKind::cancelled);
  }
}

TEST_F(FunkerTest, ALongLogIsCutInItsMiddle) {
  std::string log(std::size_t{3} << 20, 'm');
  log.replace(0, 5, "begin");
  log.replace(log.size() - 3, 3, "end");
  CalledWorker called{[&log](int fd, const std::string& request) { send_all(fd, result_of(request, true, log)); }};
  wire::Run sent = run_of(5, "a\n");
  sent.log_limit = 1000;
  const Heard heard = hear_of(called, sent);
  ASSERT_TRUE(heard.finished) << heard.broken;
  EXPECT_EQ(heard.finished->log_bytes, log.size());
  EXPECT_EQ(heard.finished->log_cut, log.size() - 1000);
  EXPECT_THAT(heard.log,
              testing::AllOf(testing::StartsWith("begin"), testing::EndsWith("end"),
                             HasSubstr("bytes of the log are left out here"), testing::SizeIs(testing::Lt(1300U))));
}

TEST_F(FunkerTest, OneThatIsNotThereIsToldWithItsPlace) {
  std::string place;
  {
    const CalledWorker gone{[](int, const std::string&) {}};
    place = gone.place();
  }
  call_workers(place);
  run([&]() -> asio::awaitable<void> {
    const auto started = co_await funker_->start(worker);
    EXPECT_FALSE(started.has_value());
    if (started) co_return;
    EXPECT_EQ(started.error().kind, ErrorKind::retryable);
    EXPECT_EQ(started.error().message, "cannot reach " + place + ": Connection refused");
    co_await funker_->close();
  });
}

}  // namespace
}  // namespace nmz::orchestrator
