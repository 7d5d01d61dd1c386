// See engine.hpp: connections, deadlines, versions and errors; the calls themselves are in engine_*.cpp.
#include "nmz/docker/engine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "nmz/diagnostics/diagnostics.hpp"

#include "engine_impl.hpp"
#include "wording.hpp"

namespace nmz::docker {
namespace asio = boost::asio;
namespace {

constexpr unsigned newest_minor = 44;  // of API 1.x: what we know
constexpr unsigned oldest_minor = 40;  // Docker 19.03

/// A Swarm's refusals come with how they were carried inside of it: "rpc error: code = Unknown desc = ".
void cut_transport(std::string& message) {
  constexpr std::string_view begin = "rpc error: code = ";
  constexpr std::string_view end = " desc = ";
  const std::size_t from = message.find(begin);
  const std::size_t until = from == std::string::npos ? from : message.find(end, from);
  if (until != std::string::npos) message.erase(from, until + end.size() - from);
}

Error refusal(unsigned status, const std::string& body) {
  std::string message;
  if (const auto json = parse_json(body)) message = text_at(*json, "message");
  if (message.empty()) message = body.empty() ? "HTTP status " + std::to_string(status) : body;
  std::replace(message.begin(), message.end(), '\n', ' ');
  cut_transport(message);
  while (!message.empty() && message.back() == ' ') message.pop_back();
  constexpr unsigned not_found = 404;
  constexpr unsigned server_error = 500;
  if (status == not_found) return {ErrorKind::not_found, message};
  return {status >= server_error ? ErrorKind::retryable : ErrorKind::rejected, message};
}

/// Its path alone: what is asked for may hold what nobody else is to read.
void note(const Call& call, const Result<http::Answer>& answer, std::chrono::duration<double, std::milli> took) {
  const std::string path = call.request.target.substr(0, call.request.target.find('?'));
  const std::string how = answer ? std::to_string(answer->status) : answer.error().message;
  diagnostics::write(diagnostics::Level::debug, "engine",
                     fmt::format("{} {}: {} after {:.1f} ms", call.request.method, path, how, took.count()));
}

/// How the Engine is reached.
http::Client::Dial dial_to(const asio::any_io_executor& executor, const Endpoint& endpoint) {
  return [executor, endpoint]() -> http::Outcome<std::shared_ptr<http::Transport>> {
    switch (endpoint.kind) {
      case Endpoint::Kind::unix_socket:
        return http::unix_transport(executor, endpoint.path);
      case Endpoint::Kind::ssh:
        return http::command_transport(executor, endpoint.dial);
      case Endpoint::Kind::tcp:
        return http::tcp_transport(executor, endpoint.host, endpoint.port);
      case Endpoint::Kind::tls:
        break;
    }
    http::TlsSettings settings;
    settings.ca.file = endpoint.ca;
    settings.certificate.file = endpoint.certificate;
    settings.key.file = endpoint.key;
    settings.verify = endpoint.verify;
    return http::tls_transport(executor, endpoint.host, endpoint.port, settings);
  };
}

http::ClientOptions as_docker() {
  http::ClientOptions options;
  options.host = "docker";
  return options;
}

/// The minor of "1.41"; 0 for anything else.
unsigned minor_of(const std::string& version) {
  unsigned minor = 0;
  if (version.starts_with("1.")) std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor;
}

/// Newer than what we know only where the Engine speaks nothing older: what we use has been in the API for long.
unsigned spoken_minor(unsigned oldest, unsigned newest) { return std::max(oldest, std::min(newest, newest_minor)); }

}  // namespace

Call::Call(std::string method, std::string target_in, const Json& body)
    : Call{std::move(method), std::move(target_in)} {
  request.body = boost::json::serialize(body);
  request.content_type = "application/json";
}

Engine::Impl::Impl(const asio::any_io_executor& executor, Endpoint endpoint_in)
    : endpoint{std::move(endpoint_in)}, client{executor, dial_to(executor, endpoint), as_docker()} {}

Engine::Engine(const asio::any_io_executor& executor, Endpoint endpoint)
    : impl_{std::make_unique<Impl>(executor, std::move(endpoint))} {}
Engine::~Engine() { close(); }

const Endpoint& Engine::endpoint() const { return impl_->endpoint; }
const std::string& Engine::api_version() const { return impl_->version; }

void Engine::close() { impl_->client.close(); }

asio::awaitable<Result<http::Answer>> Engine::Impl::call(Call call) {
  if (version.empty()) {
    Result<void> agreed = co_await negotiate(call.deadline);
    if (!agreed) co_return tl::unexpected<Error>{agreed.error()};
  }
  Result<http::Answer> answer = co_await call_once(std::move(call));
  co_return answer;
}

asio::awaitable<Result<void>> Engine::Impl::negotiate(std::chrono::milliseconds deadline) {
  // GET /version says it in its body, where /_ping has it in headers only.
  Call call{"GET", "/version"};
  call.versioned = false;
  call.deadline = deadline;
  Result<http::Answer> answer = co_await call_once(std::move(call));
  if (!answer && answer.error().message.find("HTTP request to an HTTPS server") != std::string::npos) {
    co_return fail(ErrorKind::misconfigured, "the Docker Engine at " + endpoint.text() +
                                                 " wants TLS (DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH for the "
                                                 "directory with ca.pem, cert.pem and key.pem)");
  }
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  const auto told = parse_json(answer->body);
  const unsigned newest = told ? minor_of(text_at(*told, "ApiVersion")) : 0;
  const unsigned oldest = told ? minor_of(text_at(*told, "MinAPIVersion")) : 0;
  if (newest == 0) {
    co_return fail(ErrorKind::misconfigured, "what answers at " + endpoint.text() + " is no Docker Engine");
  }
  if (newest < oldest_minor) {
    co_return fail(ErrorKind::misconfigured, "the Docker Engine at " + endpoint.text() + " speaks API 1." +
                                                 std::to_string(newest) + " at most; 1." +
                                                 std::to_string(oldest_minor) + " is needed");
  }
  version = "1." + std::to_string(spoken_minor(oldest, newest));
  co_return Result<void>{};
}

asio::awaitable<Result<http::Answer>> Engine::Impl::call_once(Call call) {
  call.request.target = (call.versioned ? "/v" + version : std::string{}) + call.target;
  call.request.deadline = call.deadline;
  const auto began = std::chrono::steady_clock::now();
  Call sent = call;
  Result<http::Answer> answer = co_await exchange(std::move(sent));
  if (diagnostics::wanted(diagnostics::Level::debug)) note(call, answer, std::chrono::steady_clock::now() - began);
  co_return answer;
}

/// The callbacks of the call speak in our errors, those of HTTP only say that they will not go on.
asio::awaitable<Result<http::Answer>> Engine::Impl::exchange(Call call) {
  std::optional<Error> objection;
  if (call.produce) {
    call.request.produce = [&]() -> std::optional<std::string> {
      Result<std::string> piece = call.produce();
      if (piece) return std::move(*piece);
      objection.emplace(ErrorKind::rejected, piece.error().message);
      return std::nullopt;
    };
  }
  if (call.sink) {
    call.request.sink = [&](std::string_view piece) {
      Result<void> taken = call.sink(piece);
      if (!taken) objection = taken.error();
      return taken.has_value();
    };
  }
  http::Request request = call.request;
  http::Outcome<http::Answer> answer = co_await client.call(std::move(request));
  if (!answer && objection) co_return tl::unexpected<Error>{*objection};
  if (!answer) co_return tl::unexpected<Error>{worded(answer.error(), endpoint)};
  constexpr unsigned client_error = 400;
  if (answer->status >= client_error) co_return tl::unexpected<Error>{refusal(answer->status, answer->body)};
  co_return std::move(*answer);
}

asio::awaitable<Result<Json>> Engine::Impl::call_json(Call request) {
  Result<http::Answer> answer = co_await call(std::move(request));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  co_return parse_json(answer->body);
}

asio::awaitable<Result<void>> Engine::Impl::call_void(Call request) {
  Result<http::Answer> answer = co_await call(std::move(request));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Engine::Impl::call_remove(Call request) {
  Result<void> removed = co_await call_void(std::move(request));
  if (!removed && removed.error().kind == ErrorKind::not_found) co_return Result<void>{};
  co_return removed;
}

asio::awaitable<Result<std::string>> Engine::Impl::call_id(Call request) {
  Result<Json> answer = co_await call_json(std::move(request));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  std::string id = text_at(*answer, "Id");
  if (id.empty()) id = text_at(*answer, "ID");
  if (id.empty()) co_return fail(ErrorKind::rejected, "the Docker Engine's answer has no id");
  co_return id;
}

asio::awaitable<Result<Info>> Engine::info() {
  Call call{"GET", "/info"};
  Result<Json> answer = co_await impl_->call_json(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  const Json& told = *answer;
  Info info;
  info.id = text_at(told, "ID");
  info.name = text_at(told, "Name");
  info.server_version = text_at(told, "ServerVersion");
  info.architecture = text_at(told, "Architecture");
  info.os_type = text_at(told, "OSType");
  info.cpus = number_at<std::uint32_t>(told, "NCPU");
  info.memory = number_at<std::uint64_t>(told, "MemTotal");
  info.system_time = text_at(told, "SystemTime");
  const std::string state = text_at(told, "Swarm.LocalNodeState");
  constexpr std::array states{"inactive", "pending", "active", "error", "locked"};
  const auto* const found = std::find(states.begin(), states.end(), state);
  info.swarm = found == states.end() ? Info::Swarm::inactive : static_cast<Info::Swarm>(found - states.begin());
  info.manager = flag_at(told, "Swarm.ControlAvailable");
  info.node_id = text_at(told, "Swarm.NodeID");
  info.node_address = text_at(told, "Swarm.NodeAddr");
  info.nodes = number_at<std::uint32_t>(told, "Swarm.Nodes");
  co_return info;
}

}  // namespace nmz::docker
