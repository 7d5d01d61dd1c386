// The client against a real Docker Engine (scripts/swarm-lab).
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gmock/gmock.h>

#include "nmz/docker/engine.hpp"

#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::docker {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using From = Attached::Output::From;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  EXPECT_NE(value, nullptr) << name << " is not set: run this with scripts/swarm-lab with -- PROGRAM";
  return value == nullptr ? "" : value;
}

Endpoint endpoint_of(const std::string& host) {
  EndpointRequest request;
  request.host = host;
  return *find_endpoint(request);
}

Endpoint tls_endpoint() {
  Endpoint endpoint = endpoint_of(variable("NMZ_LAB_TLS_HOST"));
  const std::filesystem::path certificates = variable("NMZ_LAB_CERTIFICATES");
  endpoint.kind = Endpoint::Kind::tls;
  endpoint.ca = certificates / "ca.pem";
  endpoint.certificate = certificates / "cert.pem";
  endpoint.key = certificates / "key.pem";
  return endpoint;
}

class EngineTest : public testing::Test {
 protected:
  /// Runs one call to its end.
  template <class T>
  T await(asio::awaitable<T> call) {
    std::optional<T> result;
    auto done = [&result](const std::exception_ptr& bug, T value) {
      if (bug) std::rethrow_exception(bug);
      result.emplace(std::move(value));
    };
    asio::co_spawn(io, std::move(call), std::move(done));
    io.restart();
    io.run();
    return std::move(*result);
  }

  std::string create(std::vector<std::string> command) {
    ContainerSpec spec;
    spec.image = variable("NMZ_LAB_IMAGE");
    spec.entrypoint = std::move(command);
    spec.labels = {{"test", "engine"}};
    auto id = await(engine.create_container(spec));
    EXPECT_TRUE(id) << id.error().message;
    return id.value_or("");
  }

  /// What the Engine says of it when it has ended.
  Container ended(const std::string& id) {
    const auto until = std::chrono::steady_clock::now() + seconds{30};
    Result<Container> container = await(engine.inspect_container(id));
    while (container && container->state != "exited" && std::chrono::steady_clock::now() < until) {
      asio::steady_timer pause{io, milliseconds{20}};
      pause.wait();
      container = await(engine.inspect_container(id));
    }
    EXPECT_TRUE(container && container->state == "exited");
    return container.value_or(Container{});
  }

  /// The context of a build that lasts longer than any test of it.
  BodySource lasting_build() {
    const support::TempDirectory directory;
    support::write_file(directory.path() / "Dockerfile", "FROM " + variable("NMZ_LAB_IMAGE") + "\nRUN sleep 100\n");
    const auto tar = support::run_program(support::Program{{"tar", "-C", directory.path(), "-c", "Dockerfile"}});
    return [rest = tar.out]() mutable -> Result<std::string> { return std::exchange(rest, ""); };
  }

  void TearDown() override {
    const Labels ours{{"test", "engine"}};
    const auto left = await(engine.list_containers(ours));
    ASSERT_TRUE(left) << left.error().message;
    for (const Container& container : *left) {
      EXPECT_TRUE(await(engine.remove_container(container.id)));
    }
  }

  asio::io_context io{1};
  Engine engine{io.get_executor(), endpoint_of(variable("DOCKER_HOST"))};
};

/// Writes `input` in one go and reads until the end.
asio::awaitable<std::pair<std::string, std::string>> talk(std::shared_ptr<Attached> stream, std::string input,
                                                          asio::any_io_executor executor) {
  auto write = [](std::shared_ptr<Attached> to, std::string bytes) -> asio::awaitable<void> {
    co_await to->write(std::move(bytes));
    co_await to->end_input();
  };
  auto ignore = [](const std::exception_ptr&) {};
  asio::co_spawn(executor, write(stream, std::move(input)), std::move(ignore));
  std::pair<std::string, std::string> texts;
  std::vector<char> buffer(100'000);
  while (true) {
    const std::span<char> space{buffer};
    auto output = co_await stream->read(space);
    if (!output || output->from == From::end) break;
    (output->from == From::out ? texts.first : texts.second).append(buffer.data(), output->size);
  }
  co_return texts;
}

TEST_F(EngineTest, TellsWhatItIs) {
  const auto info = await(engine.info());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->os_type, "linux");
  EXPECT_GT(info->cpus, 0U);
  EXPECT_THAT(engine.api_version(), testing::StartsWith("1."));
}

TEST_F(EngineTest, ConversesWithAContainer) {
  const std::string id = create({"sh", "-c", "cat; echo done >&2; exit 3"});
  const auto stream = await(engine.attach(id));
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(await(engine.start_container(id)));
  std::string input(3'000'000, '\0');
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<char>(i * 7 % 251);
  const auto texts = await(talk(*stream, input, io.get_executor()));
  EXPECT_TRUE(texts.first == input) << texts.first.size() << " bytes came back of " << input.size();
  EXPECT_EQ(texts.second, "done\n");
  EXPECT_EQ(ended(id).exit_code, 3);
}

TEST_F(EngineTest, WhatAContainerSaysIsInNoFileOfTheEngine) {
  const std::string id = create({"true"});
  const auto told = support::run_program(
      support::Program{{"docker", "container", "inspect", "--format", "{{.HostConfig.LogConfig.Type}}", id}});
  EXPECT_EQ(told.out, "none\n") << told.err;
}

TEST_F(EngineTest, KnowsAContainersAddressBeforeItIsUp) {
  const std::string id = create({"sleep", "100"});
  EXPECT_EQ(await(engine.address_in_network("bridge", id)), "");
  std::optional<Result<void>> started;
  auto done = [&started](const std::exception_ptr& bug, Result<void> result) {
    if (!bug) started.emplace(std::move(result));
  };
  asio::co_spawn(io, engine.start_container(id), std::move(done));
  std::string early;
  while (early.empty() && !started) {
    auto asked = [this](std::string name) -> asio::awaitable<Result<std::string>> {
      Result<std::string> address = co_await engine.address_in_network("bridge", std::move(name));
      io.stop();  // the start goes on in the next round
      co_return address;
    };
    early = await(asked(id)).value_or("");
  }
  io.restart();
  io.run();
  ASSERT_TRUE(started && *started);
  EXPECT_FALSE(early.empty());
  EXPECT_EQ(await(engine.inspect_container(id))->address, early);
  EXPECT_FALSE(await(engine.address_in_network("no-such-network", id)));
}

TEST_F(EngineTest, SaysWhatTheEngineSays) {
  const auto image = await(engine.inspect_image("no/such:image"));
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().kind, ErrorKind::not_found);
  EXPECT_THAT(image.error().message, HasSubstr("No such image"));
  const auto started = await(engine.start_container("no-such-container"));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::not_found);
  EXPECT_TRUE(await(engine.remove_container("no-such-container"))) << "it is gone, which is what was wanted";
}

TEST_F(EngineTest, ADeadlineEndsACall) {
  const auto built = await(engine.build_image(lasting_build(), "", {}, milliseconds{300}));
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().kind, ErrorKind::timed_out);
}

TEST_F(EngineTest, ACancelledCallEndsAtOnce) {
  asio::cancellation_signal stop;
  std::optional<Result<std::string>> built;
  auto done = [&built](const std::exception_ptr& bug, Result<std::string> result) {
    if (!bug) built.emplace(std::move(result));
  };
  asio::co_spawn(io, engine.build_image(lasting_build(), "", {}, seconds{60}),
                 asio::bind_cancellation_slot(stop.slot(), std::move(done)));
  asio::steady_timer timer{io, milliseconds{200}};
  timer.async_wait([&stop](const boost::system::error_code&) { stop.emit(asio::cancellation_type::terminal); });
  const auto began = std::chrono::steady_clock::now();
  io.restart();
  io.run();
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds{5});
  ASSERT_TRUE(built);
  EXPECT_EQ(built->error().kind, ErrorKind::cancelled);
}

TEST_F(EngineTest, CloseEndsAStream) {
  const std::string id = create({"sleep", "100"});
  Engine other{io.get_executor(), engine.endpoint()};
  const auto stream = await(other.attach(id));
  ASSERT_TRUE(stream);
  ASSERT_TRUE(await(engine.start_container(id)));
  asio::steady_timer timer{io, milliseconds{200}};
  timer.async_wait([&other](const boost::system::error_code&) { other.close(); });
  std::vector<char> buffer(10);
  const auto output = await((*stream)->read(std::span<char>{buffer}));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, ErrorKind::cancelled);
}

TEST_F(EngineTest, OverTlsWithACertificate) {
  Engine secure{io.get_executor(), tls_endpoint()};
  const auto info = await(secure.info());
  ASSERT_TRUE(info) << info.error().message;
  const std::string id = create({"head", "-c", "500000"});
  const auto stream = await(secure.attach(id));
  ASSERT_TRUE(stream) << stream.error().message;
  ASSERT_TRUE(await(secure.start_container(id)));
  const std::string input(500'000, 'x');
  const auto texts = await(talk(*stream, input, io.get_executor()));
  EXPECT_EQ(texts.first.size(), input.size());
}

TEST_F(EngineTest, TlsIsVerified) {
  Endpoint wrong_name = tls_endpoint();
  wrong_name.host = "localhost";  // the certificate is for 127.0.0.1
  Endpoint unknown_authority = tls_endpoint();
  unknown_authority.ca = unknown_authority.certificate;
  for (const Endpoint& endpoint : {wrong_name, unknown_authority}) {
    Engine suspicious{io.get_executor(), endpoint};
    const auto done = await(suspicious.info());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(done.error().message, HasSubstr("TLS"));
  }
  Endpoint nobody = tls_endpoint();
  nobody.certificate.clear();
  nobody.key.clear();
  Engine anonymous{io.get_executor(), nobody};
  EXPECT_FALSE(await(anonymous.info()));
}

TEST_F(EngineTest, PlainToATlsPortIsAnError) {
  Engine plain{io.get_executor(), endpoint_of(variable("NMZ_LAB_TLS_HOST"))};
  const auto done = await(plain.info());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, testing::AnyOf(HasSubstr("TLS"), HasSubstr("HTTPS"), HasSubstr("Docker Engine")));
}

TEST_F(EngineTest, ThroughTheCommandThatSshWouldRun) {
  // The far side's half is real; what is left out is ssh itself.
  Endpoint endpoint = endpoint_of("ssh://nowhere");
  endpoint.dial = {"docker", "system", "dial-stdio"};
  Engine far{io.get_executor(), endpoint};
  const auto info = await(far.info());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->id, await(engine.info())->id);
}

TEST_F(EngineTest, AFailingDialIsExplained) {
  Endpoint endpoint = endpoint_of("ssh://nowhere");
  endpoint.dial = {"sh", "-c", "echo 'Host key verification failed.' >&2; exit 255"};
  Engine far{io.get_executor(), endpoint};
  const auto done = await(far.info());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("ssh://nowhere"));
}

TEST_F(EngineTest, NoEngineIsNamed) {
  support::TempDirectory empty;
  const std::string host = "unix://" + (empty.path() / "docker.sock").string();
  Engine nobody{io.get_executor(), endpoint_of(host)};
  const auto done = await(nobody.info());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::misconfigured);
  EXPECT_THAT(done.error().message, testing::AllOf(HasSubstr(host), HasSubstr("is dockerd running?")));
}

TEST_F(EngineTest, ManyCallsAtOnce) {
  int answered = 0;
  for (int i = 0; i < 100; ++i) {
    auto done = [&answered](const std::exception_ptr& bug, const Result<Info>& info) {
      if (!bug && info) ++answered;
    };
    asio::co_spawn(io, engine.info(), std::move(done));
  }
  io.restart();
  io.run();
  EXPECT_EQ(answered, 100);
}

}  // namespace
}  // namespace nmz::docker
