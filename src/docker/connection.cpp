// See connection.hpp. The only file that includes Beast.
#include "connection.hpp"

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <type_traits>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "dial_process.hpp"

namespace nmz::docker {
namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace {

using Code = boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;
using TlsStream = asio::ssl::stream<Socket>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

Error transport_error(const Code& code) {
  if (code == asio::error::operation_aborted) return {ErrorKind::cancelled, "cancelled"};
  return {ErrorKind::retryable, code.message()};
}

Error unreachable(const Endpoint& endpoint, const Code& code) {
  const std::string where = endpoint.text();
  if (code == asio::error::operation_aborted) return {ErrorKind::cancelled, "cancelled"};
  if (code == boost::system::errc::permission_denied) {
    return {ErrorKind::misconfigured, "no permission to use the Docker Engine at " + where +
                                          " (become a member of the docker group, or use sudo)"};
  }
  if (code == boost::system::errc::no_such_file_or_directory || code == asio::error::connection_refused) {
    return {ErrorKind::misconfigured, "no Docker Engine answers at " + where + ": " + code.message() +
                                          " (is dockerd running? --host, DOCKER_HOST or a context names another)"};
  }
  if (code == asio::error::host_not_found || code == asio::error::host_not_found_try_again) {
    return {ErrorKind::misconfigured, "cannot find the host of the Docker Engine at " + where};
  }
  return {ErrorKind::retryable, "cannot reach the Docker Engine at " + where + ": " + code.message()};
}

/// The Engine's certificate is checked against the given authority, and against the name or address that was asked for.
Result<std::shared_ptr<asio::ssl::context>> tls_context(const Endpoint& endpoint) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  Code code;
  std::string what;
  if (endpoint.ca.empty()) {
    context->set_default_verify_paths(code);
    what = "the system's certificate authorities";
  } else {
    context->load_verify_file(endpoint.ca.string(), code);
    what = endpoint.ca.string();
  }
  if (!code && !endpoint.certificate.empty()) {
    what = endpoint.certificate.string();
    context->use_certificate_chain_file(what, code);
  }
  if (!code && !endpoint.key.empty()) {
    what = endpoint.key.string();
    context->use_private_key_file(what, asio::ssl::context::pem, code);
  }
  if (code && endpoint.verify) {
    return fail(ErrorKind::misconfigured, "cannot use " + what + " for TLS: " + code.message());
  }
  context->set_verify_mode(endpoint.verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
  return context;
}

/// A socket in its two wrappings, plain or TLS, is all that the connection's template varies in.
template <class Stream>
class HttpConnection final : public Connection {
  static constexpr bool tls = std::is_same_v<Stream, TlsStream>;

 public:
  HttpConnection(const asio::any_io_executor& executor, Endpoint endpoint, std::shared_ptr<asio::ssl::context> context)
      : endpoint_{std::move(endpoint)},
        context_{std::move(context)},
        resolver_{executor},
        stream_{make_stream(executor)} {}

  asio::awaitable<Result<void>> open() override {
    switch (endpoint_.kind) {
      case Endpoint::Kind::unix_socket: {
        Result<void> opened = co_await open_unix();
        co_return opened;
      }
      case Endpoint::Kind::ssh:
        co_return open_process();
      default:
        break;
    }
    Result<void> opened = co_await open_tcp();
    if constexpr (tls) {
      if (opened) opened = co_await shake_hands();
    }
    co_return opened;
  }

  asio::awaitable<Result<HttpHead>> exchange(HttpRequest request) override {
    parser_.emplace();
    parser_->body_limit(boost::none);
    parser_->skip(request.method == "HEAD");
    Result<void> sent = co_await send(std::move(request));
    // An Engine that refuses early answers before it has read everything: its answer tells more than the broken pipe.
    if (!sent && sent.error().kind != ErrorKind::retryable) co_return tl::unexpected<Error>{sent.error()};
    auto [code, count] = co_await http::async_read_header(stream_, buffer_, *parser_, as_result);
    if (code && !sent) co_return tl::unexpected<Error>{sent.error()};
    if (code) co_return tl::unexpected<Error>{answer_error(code)};
    HttpHead head;
    head.status = parser_->get().result_int();
    head.keep_alive = parser_->keep_alive();
    co_return head;
  }

  asio::awaitable<Result<std::size_t>> read_body(std::span<char> buffer) override {
    while (!parser_->is_done()) {
      auto& body = parser_->get().body();
      body.data = buffer.data();
      body.size = buffer.size();
      auto [code, count] = co_await http::async_read_some(stream_, buffer_, *parser_, as_result);
      const std::size_t got = buffer.size() - body.size;
      if (code && code != http::error::need_buffer) co_return tl::unexpected<Error>{answer_error(code)};
      if (got > 0) co_return got;
    }
    co_return std::size_t{0};
  }

  asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override {
    if (buffer_.size() > 0) {  // what came together with the head
      const std::size_t count = asio::buffer_copy(asio::buffer(buffer.data(), buffer.size()), buffer_.data());
      buffer_.consume(count);
      co_return count;
    }
    auto [code, count] = co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), as_result);
    if (code == asio::error::eof || code == asio::error::connection_reset ||
        code == asio::ssl::error::stream_truncated) {
      co_return std::size_t{0};
    }
    if (code) co_return tl::unexpected<Error>{transport_error(code)};
    co_return count;
  }

  asio::awaitable<Result<void>> write(std::string bytes) override {
    auto [code, count] = co_await asio::async_write(stream_, asio::buffer(bytes), as_result);
    if (code) co_return tl::unexpected<Error>{transport_error(code)};
    co_return Result<void>{};
  }

  asio::awaitable<Result<void>> end_output() override {
    if constexpr (tls) {
      // Asio's TLS stream can only shut down both ways, waiting for the peer.
      co_return fail(ErrorKind::rejected, "a container's input cannot be ended by itself over TLS");
    } else {
      Code code;
      stream_.shutdown(Socket::shutdown_send, code);
      if (code) co_return tl::unexpected<Error>{transport_error(code)};
      co_return Result<void>{};
    }
  }

  void close() override {
    resolver_.cancel();
    Code ignored;
    socket().close(ignored);
    process_.reset();
  }

 private:
  Stream make_stream(const asio::any_io_executor& executor) {
    if constexpr (tls) {
      return Stream{Socket{executor}, *context_};
    } else {
      return Stream{executor};
    }
  }
  Socket& socket() {
    if constexpr (tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  asio::awaitable<Result<void>> open_unix() {
    constexpr std::size_t longest = 107;  // sun_path, with its end
    if (endpoint_.path.size() > longest) {
      co_return fail(ErrorKind::misconfigured, "the socket's path is too long: " + endpoint_.text());
    }
    const asio::local::stream_protocol::endpoint place{endpoint_.path};
    auto [code] = co_await socket().async_connect(place, as_result);
    if (code) co_return tl::unexpected<Error>{unreachable(endpoint_, code)};
    co_return Result<void>{};
  }

  Result<void> open_process() {
    auto process = DialProcess::start(endpoint_.dial);
    if (!process) return tl::unexpected<Error>{process.error()};
    process_.emplace(std::move(*process));
    Code code;
    socket().assign(asio::generic::stream_protocol{AF_UNIX, SOCK_STREAM}, process_->release_socket(), code);
    if (code) return tl::unexpected<Error>{transport_error(code)};
    return {};
  }

  asio::awaitable<Result<void>> open_tcp() {
    const std::string port = std::to_string(endpoint_.port);
    auto [failed, places] = co_await resolver_.async_resolve(endpoint_.host, port, as_result);
    if (failed) co_return tl::unexpected<Error>{unreachable(endpoint_, failed)};
    Code last = asio::error::host_not_found;
    for (const auto& place : places) {
      Code ignored;
      socket().close(ignored);
      const asio::generic::stream_protocol::endpoint target{place.endpoint()};
      auto [code] = co_await socket().async_connect(target, as_result);
      last = code;
      if (!code) break;
    }
    if (last) co_return tl::unexpected<Error>{unreachable(endpoint_, last)};
    socket().set_option(asio::ip::tcp::no_delay{true}, last);
    co_return Result<void>{};
  }

  asio::awaitable<Result<void>> shake_hands() {
    if (endpoint_.verify) stream_.set_verify_callback(asio::ssl::host_name_verification{endpoint_.host});
    // The macro SSL_set_tlsext_host_name, without its C cast.
    std::string name = endpoint_.host;
    ::SSL_ctrl(stream_.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    auto [code] = co_await stream_.async_handshake(asio::ssl::stream_base::client, as_result);
    if (!code) co_return Result<void>{};
    if (code == asio::error::operation_aborted) co_return tl::unexpected<Error>{transport_error(code)};
    co_return fail(ErrorKind::misconfigured, "no trusted TLS connection to the Docker Engine at " + endpoint_.text() +
                                                 ": " + code.message() + certificates_hint());
  }

  asio::awaitable<Result<void>> send(HttpRequest request) {
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    message.set(http::field::host, "docker");
    message.set(http::field::user_agent, "namazu-swarm/" NMZ_VERSION);
    for (const auto& [name, value] : request.headers) message.set(name, value);
    if (!request.content_type.empty()) message.set(http::field::content_type, request.content_type);
    if (request.produce) {
      message.chunked(true);
      Result<void> sent = co_await send_chunks(message, std::move(request.produce));
      co_return sent;
    }
    message.body() = std::move(request.body);
    if (!request.content_type.empty() || request.method == "POST") message.prepare_payload();
    auto [code, count] = co_await http::async_write(stream_, message, as_result);
    if (code) co_return tl::unexpected<Error>{answer_error(code)};
    co_return Result<void>{};
  }

  asio::awaitable<Result<void>> send_chunks(http::request<http::string_body>& message,
                                            std::function<Result<std::string>()> produce) {
    http::request_serializer<http::string_body> serializer{message};
    auto [code, count] = co_await http::async_write_header(stream_, serializer, as_result);
    if (code) co_return tl::unexpected<Error>{answer_error(code)};
    while (true) {
      Result<std::string> piece = produce();
      if (!piece) co_return fail(ErrorKind::rejected, piece.error().message);
      if (piece->empty()) break;
      const auto chunk = http::make_chunk(asio::buffer(*piece));
      auto [failed, written] = co_await asio::async_write(stream_, chunk, as_result);
      if (failed) co_return tl::unexpected<Error>{transport_error(failed)};
    }
    const auto last = http::make_chunk_last();
    auto [failed, written] = co_await asio::async_write(stream_, last, as_result);
    if (failed) co_return tl::unexpected<Error>{transport_error(failed)};
    co_return Result<void>{};
  }

  Error answer_error(const Code& code) {
    if (code == asio::error::operation_aborted) return {ErrorKind::cancelled, "cancelled"};
    if (process_) {
      const std::string complaint = process_->last_complaint();
      if (!complaint.empty()) {
        return {ErrorKind::misconfigured, "cannot reach the Docker Engine at " + endpoint_.text() + ": " + complaint};
      }
    }
    if (code == http::error::bad_version || code == http::error::bad_status || code == http::error::bad_reason ||
        code == http::error::bad_field || code == http::error::bad_line_ending) {
      return {ErrorKind::misconfigured, "what answers at " + endpoint_.text() +
                                            " is no Docker Engine (a port for TLS needs DOCKER_TLS_VERIFY=1)"};
    }
    // TLS 1.3: the other side looks at our certificate after our handshake.
    if (code.category() == asio::error::get_ssl_category()) {
      return {ErrorKind::misconfigured, "the Docker Engine at " + endpoint_.text() +
                                            " refuses the TLS connection: " + code.message() + certificates_hint()};
    }
    return {ErrorKind::retryable, "the connection to the Docker Engine at " + endpoint_.text() + " broke: " +
                                      (code == http::error::end_of_stream ? "it was closed" : code.message())};
  }

  /// Which files were used, in words of somebody who chose them.
  [[nodiscard]] std::string certificates_hint() const {
    const auto used = [](const char* what, const std::filesystem::path& file) {
      return std::string{what} + (file.empty() ? "none" : file.string());
    };
    return " (authority: " + (endpoint_.ca.empty() ? "the system's" : endpoint_.ca.string()) +
           used(", certificate: ", endpoint_.certificate) + "; DOCKER_CERT_PATH or the context names their directory)";
  }

  Endpoint endpoint_;
  std::shared_ptr<asio::ssl::context> context_;
  asio::ip::tcp::resolver resolver_;
  Stream stream_;
  std::optional<DialProcess> process_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
};

}  // namespace

Result<std::shared_ptr<Connection>> make_connection(const asio::any_io_executor& executor, const Endpoint& endpoint) {
  if (endpoint.kind != Endpoint::Kind::tls) {
    return std::make_shared<HttpConnection<Socket>>(executor, endpoint, nullptr);
  }
  auto context = tls_context(endpoint);
  if (!context) return tl::unexpected<Error>{context.error()};
  return std::make_shared<HttpConnection<TlsStream>>(executor, endpoint, std::move(*context));
}

}  // namespace nmz::docker
