// See client.hpp: connections, credentials and errors; the calls themselves are in client_calls.cpp.
#include "nmz/kubernetes/client.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "nmz/diagnostics/diagnostics.hpp"
#include "nmz/http/base64.hpp"
#include "nmz/http/cancellation.hpp"

#include "client_impl.hpp"
#include "wording.hpp"

namespace nmz::kubernetes {
namespace asio = boost::asio;
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::chrono::seconds plugin_limit{60};
// As client-go does: a token may be replaced, and works on for a while.
constexpr std::chrono::seconds file_is_good_for{50};
constexpr std::chrono::seconds before_expiry{10};
constexpr std::chrono::seconds longest_pauses{30};  // of a call, together
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

constexpr unsigned unauthorized = 401;
constexpr unsigned client_error = 400;

/// Its path alone: what is asked for may hold what nobody else is to read.
void note(const http::Request& request, const http::Outcome<http::Answer>& answer,
          std::chrono::duration<double, std::milli> took) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  const std::string how = answer ? std::to_string(answer->status) : answer.error().detail;
  diagnostics::write(diagnostics::Level::debug, "kubernetes",
                     fmt::format("{} {}: {} after {:.1f} ms", request.method, path, how, took.count()));
}

/// A server that has too much to do says when it wants to be asked again (Retry-After in seconds, RFC 9110 10.2.3; API
/// Priority and Fairness does with 429, and has done nothing). At least a second, so that there is an end to it.
std::optional<std::chrono::seconds> pause_before_the_next(const http::Answer& answer) {
  if (!is_busy(answer.status)) return std::nullopt;
  for (const auto& [name, value] : answer.headers) {
    if (!boost::algorithm::iequals(name, "Retry-After")) continue;
    unsigned seconds = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (code != std::errc{} || end != value.data() + value.size()) return std::nullopt;  // a date
    return std::chrono::seconds{std::max(seconds, 1U)};
  }
  return std::nullopt;
}

http::Client::Dial dial_to(const asio::any_io_executor& executor, const Access& access,
                           std::shared_ptr<http::TlsSettings> peer) {
  return [executor, host = access.host, port = access.port, tls = access.tls, proxy = access.proxy,
          peer = std::move(peer)]() -> http::Outcome<std::shared_ptr<http::Transport>> {
    if (!tls) return http::tcp_transport(executor, host, port, proxy);
    return http::tls_transport(executor, host, port, *peer, proxy);
  };
}

http::ClientOptions options_for(const Access& access) {
  http::ClientOptions options;
  options.host = access.host.find(':') == std::string::npos ? access.host : "[" + access.host + "]";
  options.host += fmt::format(":{}", access.port);
  options.headers = access.impersonation;
  options.headers.emplace_back("Accept", "application/json");
  return options;
}

}  // namespace

http::Request request_with(std::string method, std::string target, const Json& body) {
  http::Request request{std::move(method), std::move(target)};
  request.body = boost::json::serialize(body);
  request.content_type = "application/json";
  return request;
}

Client::Impl::Impl(asio::any_io_executor executor_in, Access access_in)
    : executor{std::move(executor_in)},
      access{std::move(access_in)},
      peer{std::make_shared<http::TlsSettings>(access.peer)},
      client{executor, dial_to(executor, access, peer), options_for(access)} {}

Client::Client(const asio::any_io_executor& executor, Access access)
    : impl_{std::make_shared<Impl>(executor, std::move(access))} {}
Client::~Client() { close(); }

const Access& Client::access() const { return impl_->access; }
void Client::close() {
  impl_->closed = true;
  for (asio::steady_timer* const pause : impl_->pauses) pause->cancel();
  impl_->client.close();
}

std::string Client::Impl::path(const std::string& group, const std::string& resource) const {
  return (group.empty() ? "/api/v1" : "/apis/" + group + "/v1") + "/namespaces/" + access.name_space + "/" + resource;
}

Result<void> Client::Impl::read_token_file(bool anew) {
  if (!anew && !file_token.empty() && steady_clock::now() - file_read < file_is_good_for) return {};
  std::ifstream file{access.token_file, std::ios::binary};
  std::string token{std::istreambuf_iterator<char>{file}, {}};
  while (token.ends_with('\n') || token.ends_with('\r') || token.ends_with(' ')) token.pop_back();
  if (token.empty()) {
    return fail(ErrorKind::misconfigured, "there is no token in the file '" + access.token_file.string() + "'");
  }
  file_token = std::move(token);
  file_read = steady_clock::now();
  return {};
}

/// A plugin may take its time, and blocks meanwhile: on a thread of its own.
asio::awaitable<Result<Issued>> Client::Impl::run_beside() {
  if (!pool) pool.emplace(1U);
  auto answer = std::make_shared<std::optional<Result<Issued>>>();
  renewal = std::make_shared<asio::steady_timer>(executor, steady_clock::time_point::max());
  const auto bell = renewal;
  auto work = [answer, bell, back = executor, plugin_of = access] {
    auto issued_now = std::make_shared<Result<Issued>>(run_plugin(plugin_of, plugin_limit));
    asio::post(back, [answer, bell, issued_now] {
      *answer = std::move(*issued_now);
      bell->cancel();
    });
  };
  asio::post(*pool, std::move(work));
  co_await bell->async_wait(as_result);
  renewal.reset();
  bell->cancel();  // whoever waits for the same
  if (!*answer) co_return fail(ErrorKind::cancelled, "cancelled");
  co_return std::move(**answer);
}

asio::awaitable<Result<void>> Client::Impl::get_credentials(unsigned refused) {
  const bool anew = refused == renewals;
  if (!access.token_file.empty()) {
    if (anew) ++renewals;
    co_return read_token_file(anew);
  }
  if (!access.exec) co_return Result<void>{};
  while (renewal) {
    const auto bell = renewal;
    co_await bell->async_wait(as_result);
  }
  const bool good = issued && (!issued->expires || *issued->expires - before_expiry > system_clock::now());
  if (good && refused != renewals) co_return Result<void>{};
  Result<Issued> fresh = co_await run_beside();
  if (!fresh) co_return tl::unexpected<Error>{fresh.error()};
  if (!fresh->certificate.empty()) {
    peer->certificate.text = fresh->certificate;
    peer->key.text = fresh->key;
  }
  issued = std::move(*fresh);
  ++renewals;
  co_return Result<void>{};
}

/// As kubectl chooses: what a plugin gives, a token, a password.
void Client::Impl::authorize(http::Request& request) const {
  std::string token = file_token.empty() ? access.token : file_token;
  if (issued) token = issued->token;
  if (!token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + token);
  } else if (!access.user_name.empty()) {
    request.headers.emplace_back("Authorization", "Basic " + http::to_base64(access.user_name + ":" + access.password));
  }
}

asio::awaitable<Result<void>> Client::Impl::wait(std::chrono::seconds pause) {
  asio::steady_timer timer{executor, pause};
  const bool cancelled = co_await http::is_cancelled();
  if (closed || cancelled) co_return fail(ErrorKind::cancelled, "cancelled");
  pauses.insert(&timer);
  const auto [code] = co_await timer.async_wait(as_result);
  pauses.erase(&timer);
  if (code) co_return fail(ErrorKind::cancelled, "cancelled");
  co_return Result<void>{};
}

asio::awaitable<Result<http::Answer>> Client::Impl::ask(http::Request request) {
  request.target = access.prefix + request.target;
  std::chrono::seconds waited{0};
  for (;;) {
    Result<http::Answer> answer = co_await ask_once(request);
    const std::optional<std::chrono::seconds> pause = answer ? pause_before_the_next(*answer) : std::nullopt;
    if (!pause || waited + *pause > longest_pauses) co_return answer;
    waited += *pause;
    Result<void> over = co_await wait(*pause);
    if (!over) co_return tl::unexpected<Error>{over.error()};
  }
}

asio::awaitable<Result<http::Answer>> Client::Impl::ask_once(http::Request request) {
  unsigned refused = nothing_refused;
  for (const bool again : {false, true}) {
    Result<void> ready = co_await get_credentials(refused);
    if (!ready) co_return tl::unexpected<Error>{ready.error()};
    refused = renewals;
    http::Request sent = request;
    authorize(sent);
    const auto began = steady_clock::now();
    http::Outcome<http::Answer> answer = co_await client.call(std::move(sent));
    if (diagnostics::wanted(diagnostics::Level::debug)) note(request, answer, steady_clock::now() - began);
    if (!answer) co_return tl::unexpected<Error>{worded(answer.error(), access)};
    if (answer->status == unauthorized && can_renew() && !again) continue;
    co_return std::move(*answer);
  }
  co_return fail(ErrorKind::rejected, "no answer");
}

asio::awaitable<Result<http::Answer>> Client::Impl::call(http::Request request) {
  Result<http::Answer> answer = co_await ask(std::move(request));
  if (answer && answer->status >= client_error) {
    co_return tl::unexpected<Error>{refusal(answer->status, answer->body, access)};
  }
  co_return answer;
}

asio::awaitable<Result<Json>> Client::Impl::call_json(http::Request request) {
  Result<http::Answer> answer = co_await call(std::move(request));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  co_return parse_json(answer->body);
}

asio::awaitable<Result<void>> Client::Impl::call_remove(http::Request request) {
  Result<http::Answer> removed = co_await call(std::move(request));
  if (!removed && removed.error().kind != ErrorKind::not_found) co_return tl::unexpected<Error>{removed.error()};
  co_return Result<void>{};
}

}  // namespace nmz::kubernetes
