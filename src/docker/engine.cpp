// See engine.hpp: connections, deadlines, versions and errors; the calls themselves are in engine_*.cpp.
#include "nmz/docker/engine.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "nmz/diagnostics/diagnostics.hpp"

#include "attached.hpp"
#include "engine_impl.hpp"

namespace nmz::docker {
namespace asio = boost::asio;
namespace {

constexpr unsigned newest_minor = 44;  // of API 1.x: what we know
constexpr unsigned oldest_minor = 40;  // Docker 19.03
constexpr std::size_t largest_answer = std::size_t{64} << 20;
constexpr std::size_t read_size = std::size_t{64} << 10;
constexpr std::size_t most_idle = 16;

/// Closes the connection when time is up.
class Watch {
 public:
  Watch(const asio::any_io_executor& executor, const std::shared_ptr<Connection>& connection,
        std::chrono::milliseconds limit)
      : timer_{executor}, expired_{std::make_shared<bool>(false)} {
    if (limit <= std::chrono::milliseconds{0}) return;
    timer_.expires_after(limit);
    timer_.async_wait([weak = std::weak_ptr{connection}, expired = expired_](const boost::system::error_code& code) {
      const auto watched = weak.lock();
      if (code || !watched) return;
      *expired = true;
      watched->close();
    });
  }
  [[nodiscard]] bool expired() const { return *expired_; }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> expired_;
};

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
void note(const Call& call, const Result<Answer>& answer, std::chrono::duration<double, std::milli> took) {
  const std::string path = call.request.target.substr(0, call.request.target.find('?'));
  const std::string how = answer ? std::to_string(answer->status) : answer.error().message;
  diagnostics::write(diagnostics::Level::debug, "engine",
                     fmt::format("{} {}: {} after {:.1f} ms", call.request.method, path, how, took.count()));
}

/// The minor of "1.41"; 0 for anything else.
unsigned minor_of(const std::string& version) {
  unsigned minor = 0;
  if (version.starts_with("1.")) std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor;
}

}  // namespace

Call::Call(std::string method, std::string target_in, const Json& body)
    : Call{std::move(method), std::move(target_in)} {
  request.body = boost::json::serialize(body);
  request.content_type = "application/json";
}

Engine::Engine(asio::any_io_executor executor, Endpoint endpoint)
    : impl_{std::make_unique<Impl>(std::move(executor), std::move(endpoint))} {}
Engine::~Engine() { close(); }

const Endpoint& Engine::endpoint() const { return impl_->endpoint; }
const std::string& Engine::api_version() const { return impl_->version; }

void Engine::close() {
  impl_->closed = true;
  impl_->idle.clear();
  for (const auto& weak : impl_->all) {
    if (const auto connection = weak.lock()) connection->close();
  }
  impl_->all.clear();
}

void Engine::Impl::remember(const std::shared_ptr<Connection>& connection) {
  std::erase_if(all, [](const auto& weak) { return weak.expired(); });
  all.push_back(connection);
}

asio::awaitable<Result<Answer>> Engine::Impl::call(Call call) {
  if (version.empty()) {
    Result<void> agreed = co_await negotiate(call.deadline);
    if (!agreed) co_return tl::unexpected<Error>{agreed.error()};
  }
  Result<Answer> answer = co_await call_once(std::move(call));
  co_return answer;
}

asio::awaitable<Result<void>> Engine::Impl::negotiate(std::chrono::milliseconds deadline) {
  // GET /version says it in its body, where /_ping has it in headers only.
  Call call{"GET", "/version"};
  call.versioned = false;
  call.deadline = deadline;
  Result<Answer> answer = co_await call_once(std::move(call));
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
  if (newest < oldest_minor || oldest > newest_minor) {
    co_return fail(ErrorKind::misconfigured, "the Docker Engine at " + endpoint.text() + " speaks API 1." +
                                                 std::to_string(oldest) + " to 1." + std::to_string(newest) + "; 1." +
                                                 std::to_string(oldest_minor) + " to 1." +
                                                 std::to_string(newest_minor) + " is needed");
  }
  version = "1." + std::to_string(std::min(newest, newest_minor));
  co_return Result<void>{};
}

asio::awaitable<Result<Answer>> Engine::Impl::call_once(Call call) {
  const auto began = std::chrono::steady_clock::now();
  Result<Answer> answer = co_await exchange(call);
  if (diagnostics::wanted(diagnostics::Level::debug)) note(call, answer, std::chrono::steady_clock::now() - began);
  co_return answer;
}

asio::awaitable<Result<Answer>> Engine::Impl::exchange(Call& call) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (closed) co_return fail(ErrorKind::cancelled, "cancelled");
  call.request.target = (call.versioned ? "/v" + version : std::string{}) + call.target;
  // A kept connection may have been closed by the other side in the meantime. What only asks is asked again then; what
  // changes something gets a fresh one from the start.
  if (call.request.method == "GET" && !call.upgrade && !idle.empty()) {
    std::shared_ptr<Connection> kept = std::move(idle.back());
    idle.pop_back();
    Result<Answer> answer = co_await call_on(std::move(kept), call);
    if (answer || answer.error().kind != ErrorKind::retryable || call.sink) co_return answer;
  }
  auto made = make_connection(executor, endpoint);
  if (!made) co_return tl::unexpected<Error>{made.error()};
  std::shared_ptr<Connection> connection = std::move(*made);
  remember(connection);
  const Watch watch{executor, connection, call.deadline};
  Result<void> opened = co_await connection->open();
  Result<Answer> answer{tl::unexpected<Error>{opened ? Error{ErrorKind::retryable, ""} : opened.error()}};
  if (opened) answer = co_await call_on(connection, call);
  if (!answer && watch.expired()) {
    co_return fail(ErrorKind::timed_out, "the Docker Engine at " + endpoint.text() + " did not answer in time");
  }
  co_return answer;
}

asio::awaitable<Result<Answer>> Engine::Impl::call_on(std::shared_ptr<Connection> connection, Call& call) {
  HttpRequest request = call.request;
  const Watch watch{executor, connection, call.deadline};
  Result<HttpHead> head = co_await connection->exchange(std::move(request));
  Result<Answer> answer{tl::unexpected<Error>{head ? Error{ErrorKind::retryable, ""} : head.error()}};
  if (head) answer = co_await read_answer(connection, *head, call);
  if (!answer && watch.expired()) {
    co_return fail(ErrorKind::timed_out, "the Docker Engine at " + endpoint.text() + " did not answer in time");
  }
  if (!answer && closed) co_return fail(ErrorKind::cancelled, "cancelled");
  co_return answer;
}

asio::awaitable<Result<Answer>> Engine::Impl::read_answer(std::shared_ptr<Connection> connection, HttpHead head,
                                                          Call& call) {
  constexpr unsigned switching_protocols = 101;
  constexpr unsigned ok = 200;
  constexpr unsigned client_error = 400;
  Answer answer;
  answer.status = head.status;
  // Engines before 1.9 and proxies that hide the upgrade answer 200 and switch all the same.
  if (call.upgrade && (head.status == switching_protocols || head.status == ok)) {
    answer.connection = std::move(connection);
    co_return answer;
  }
  std::vector<char> buffer(read_size);
  while (true) {
    const std::span<char> space{buffer};
    Result<std::size_t> count = co_await connection->read_body(space);
    if (!count) co_return tl::unexpected<Error>{count.error()};
    if (*count == 0) break;
    const std::string_view piece{buffer.data(), *count};
    if (call.sink && head.status < client_error) {
      Result<void> taken = call.sink(piece);
      if (!taken) co_return tl::unexpected<Error>{taken.error()};
      continue;
    }
    answer.body += piece;
    if (answer.body.size() > largest_answer) {
      co_return fail(ErrorKind::rejected, "the Docker Engine's answer is too long");
    }
  }
  if (head.keep_alive && !closed && idle.size() < most_idle) idle.push_back(std::move(connection));
  if (head.status >= client_error) co_return tl::unexpected<Error>{refusal(head.status, answer.body)};
  co_return answer;
}

asio::awaitable<Result<Json>> Engine::Impl::call_json(Call request) {
  Result<Answer> answer = co_await call(std::move(request));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  co_return parse_json(answer->body);
}

asio::awaitable<Result<void>> Engine::Impl::call_void(Call request) {
  Result<Answer> answer = co_await call(std::move(request));
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

asio::awaitable<Result<void>> Engine::ping(Deadline deadline) {
  Call call{"GET", "/_ping"};
  call.deadline = deadline;
  Result<void> done = co_await impl_->call_void(std::move(call));
  co_return done;
}

asio::awaitable<Result<Info>> Engine::info(Deadline deadline) {
  Call call{"GET", "/info"};
  call.deadline = deadline;
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
