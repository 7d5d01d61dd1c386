// A socket in its two wrappings, plain or TLS, is all that the stream's template varies in.
#include "nmz/http/transport.hpp"

#include <cerrno>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "nmz/http/cancellation.hpp"
#include "nmz/process/piped_process.hpp"

#include "tunnel.hpp"

namespace nmz::http {
namespace asio = boost::asio;
namespace {

using Code = boost::system::error_code;
using Kind = Failure::Kind;
using Socket = asio::generic::stream_protocol::socket;
using TlsStream = asio::ssl::stream<Socket>;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

Failure connect_failure(const Code& code) {
  namespace errc = boost::system::errc;
  const auto kind = [&code] {
    if (code == asio::error::operation_aborted) return Kind::cancelled;
    if (code == errc::permission_denied) return Kind::no_permission;
    if (code == errc::no_such_file_or_directory || code == asio::error::connection_refused) return Kind::nobody_there;
    if (code == asio::error::host_not_found || code == asio::error::host_not_found_try_again) return Kind::unknown_host;
    return Kind::unreachable;
  };
  return {kind(), code.message()};
}

Failure transfer_failure(const Code& code) {
  const auto kind = [&code] {
    if (code == asio::error::operation_aborted) return Kind::cancelled;
    if (code == asio::error::connection_reset || code == asio::ssl::error::stream_truncated) return Kind::closed;
    // TLS 1.3: the other side looks at our certificate after our handshake.
    if (code.category() == asio::error::get_ssl_category()) return Kind::tls_refused;
    return Kind::broken;
  };
  return {kind(), code.message()};
}

asio::const_buffer bytes_of(const std::string& text) { return asio::buffer(text); }

/// One of the three parts of the settings: from its text, or from its file.
template <class FromText, class FromFile>
Outcome<void> load(const Pem& pem, FromText from_text, FromFile from_file) {
  Code code;
  if (!pem.text.empty()) {
    from_text(bytes_of(pem.text), code);
  } else if (!pem.file.empty()) {
    from_file(pem.file.string(), code);
  }
  if (!code) return {};
  const std::string what = pem.text.empty() ? pem.file.string() : "the given PEM text";
  return failed(Kind::unusable, "cannot use " + what + " for TLS: " + code.message());
}

Outcome<void> load_all(asio::ssl::context& context, const TlsSettings& settings) {
  Code code;
  if (settings.ca.empty()) context.set_default_verify_paths(code);
  if (code) {
    return failed(Kind::unusable, "cannot use the system's certificate authorities for TLS: " + code.message());
  }
  constexpr auto pem = asio::ssl::context::pem;
  Outcome<void> loaded = load(
      settings.ca, [&](auto text, Code& error) { context.add_certificate_authority(text, error); },
      [&](const std::string& file, Code& error) { context.load_verify_file(file, error); });
  if (!loaded) return loaded;
  loaded = load(
      settings.certificate, [&](auto text, Code& error) { context.use_certificate_chain(text, error); },
      [&](const std::string& file, Code& error) { context.use_certificate_chain_file(file, error); });
  if (!loaded) return loaded;
  return load(
      settings.key, [&](auto text, Code& error) { context.use_private_key(text, pem, error); },
      [&](const std::string& file, Code& error) { context.use_private_key_file(file, pem, error); });
}

Outcome<std::shared_ptr<asio::ssl::context>> tls_context(const TlsSettings& settings) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  const Outcome<void> loaded = load_all(*context, settings);
  if (!loaded && settings.verify) return tl::unexpected<Failure>{loaded.error()};
  context->set_verify_mode(settings.verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
  return context;
}

/// Reading and writing; how it is opened is up to those that derive from it.
template <class Stream>
class SocketTransport : public Transport {
  static constexpr bool tls = std::is_same_v<Stream, TlsStream>;

 public:
  template <class... Arguments>
  explicit SocketTransport(Arguments&&... arguments) : stream_{std::forward<Arguments>(arguments)...} {}

  asio::awaitable<Outcome<std::size_t>> read(std::span<char> buffer) override {
    auto [code, count] = co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), as_result);
    if (code == asio::error::eof) co_return std::size_t{0};
    if (code) co_return tl::unexpected<Failure>{transfer_failure(code)};
    co_return count;
  }

  asio::awaitable<Outcome<void>> write(std::string bytes) override {
    auto [code, count] = co_await asio::async_write(stream_, asio::buffer(bytes), as_result);
    if (code) co_return tl::unexpected<Failure>{transfer_failure(code)};
    co_return Outcome<void>{};
  }

  asio::awaitable<Outcome<void>> end_output() override {
    if constexpr (tls) {
      // Asio's TLS stream can only shut down both ways, waiting for the peer.
      co_return failed(Kind::unusable, "output cannot be ended by itself over TLS");
    } else {
      Code code;
      stream_.shutdown(Socket::shutdown_send, code);
      if (code) co_return tl::unexpected<Failure>{transfer_failure(code)};
      co_return Outcome<void>{};
    }
  }

  void close() override {
    Code ignored;
    socket().close(ignored);
  }

 protected:
  Stream& stream() { return stream_; }
  Socket& socket() {
    if constexpr (tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

 private:
  Stream stream_;
};

class UnixTransport final : public SocketTransport<Socket> {
 public:
  UnixTransport(const asio::any_io_executor& executor, std::string path)
      : SocketTransport{executor}, path_{std::move(path)} {}

  asio::awaitable<Outcome<void>> open() override {
    constexpr std::size_t longest = 107;  // sun_path, with its end
    if (path_.size() > longest) {
      co_return failed(Kind::unusable, "the socket's path is too long: unix://" + path_);
    }
    const asio::local::stream_protocol::endpoint place{path_};
    auto [code] = co_await socket().async_connect(place, as_result);
    if (code) co_return tl::unexpected<Failure>{connect_failure(code)};
    co_return Outcome<void>{};
  }

 private:
  std::string path_;
};

template <class Stream>
class TcpTransport : public SocketTransport<Stream> {
 public:
  template <class... Arguments>
  TcpTransport(const asio::any_io_executor& executor, std::string host, std::uint16_t port, Proxy proxy,
               Arguments&&... arguments)
      : SocketTransport<Stream>{std::forward<Arguments>(arguments)...},
        resolver_{executor},
        host_{std::move(host)},
        port_{port},
        proxy_{std::move(proxy)} {}

  asio::awaitable<Outcome<void>> open() override {
    const bool direct = proxy_.kind == Proxy::Kind::none;
    const std::string port = std::to_string(direct ? port_ : proxy_.port);
    const std::string next = direct ? host_ : proxy_.host;
    auto [failed_to, places] = co_await resolver_.async_resolve(next, port, as_result);
    if (failed_to) co_return tl::unexpected<Failure>{connect_failure(failed_to)};
    const bool cancelled = co_await is_cancelled();
    if (cancelled) co_return failed(Kind::cancelled, "cancelled");
    Code last = asio::error::host_not_found;
    for (const auto& place : places) {
      Code ignored;
      this->socket().close(ignored);
      const asio::generic::stream_protocol::endpoint target{place.endpoint()};
      auto [code] = co_await this->socket().async_connect(target, as_result);
      last = code;
      if (!code || code == asio::error::operation_aborted) break;
    }
    if (last) co_return tl::unexpected<Failure>{connect_failure(last)};
    this->socket().set_option(asio::ip::tcp::no_delay{true}, last);
    if (direct) co_return Outcome<void>{};
    const Proxy proxy = proxy_;
    const std::string target = host_;
    Outcome<void> through = co_await open_tunnel(this->socket(), proxy, target, port_);
    co_return through;
  }

  void close() override {
    resolver_.cancel();
    SocketTransport<Stream>::close();
  }

 protected:
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  asio::ip::tcp::resolver resolver_;
  std::string host_;
  std::uint16_t port_;
  Proxy proxy_;
};

class TlsTransport final : public TcpTransport<TlsStream> {
 public:
  TlsTransport(const asio::any_io_executor& executor, std::string host, std::uint16_t port,
               std::shared_ptr<asio::ssl::context> context, const TlsSettings& settings, Proxy proxy)
      : TcpTransport{executor, std::move(host), port, std::move(proxy), Socket{executor}, *context},
        context_{std::move(context)},
        name_{settings.name},
        verify_{settings.verify} {
    if (name_.empty()) name_ = this->host();
  }

  asio::awaitable<Outcome<void>> open() override {
    Outcome<void> opened = co_await TcpTransport::open();
    if (!opened) co_return opened;
    const bool cancelled = co_await is_cancelled();
    if (cancelled) co_return failed(Kind::cancelled, "cancelled");
    if (verify_) stream().set_verify_callback(asio::ssl::host_name_verification{name_});
    // The macro SSL_set_tlsext_host_name, without its C cast.
    ::SSL_ctrl(stream().native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name_.data());
    auto [code] = co_await stream().async_handshake(asio::ssl::stream_base::client, as_result);
    if (!code) co_return Outcome<void>{};
    co_return failed(code == asio::error::operation_aborted ? Kind::cancelled : Kind::untrusted, code.message());
  }

 private:
  std::shared_ptr<asio::ssl::context> context_;  ///< of the stream
  std::string name_;                             ///< that the peer's certificate has to be for
  bool verify_;
};

class CommandTransport final : public SocketTransport<Socket> {
 public:
  CommandTransport(const asio::any_io_executor& executor, std::vector<std::string> command)
      : SocketTransport{executor}, command_{std::move(command)} {}

  asio::awaitable<Outcome<void>> open() override {
    auto process = process::PipedProcess::start(command_);
    if (!process) co_return failed(Kind::no_command, process.error().message());
    process_.emplace(std::move(*process));
    Code code;
    socket().assign(asio::generic::stream_protocol{AF_UNIX, SOCK_STREAM}, process_->release_socket(), code);
    if (code) co_return tl::unexpected<Failure>{transfer_failure(code)};
    co_return Outcome<void>{};
  }
  [[nodiscard]] std::string complaint() const override { return process_ ? process_->last_complaint() : ""; }
  void close() override {
    SocketTransport::close();
    process_.reset();
  }

 private:
  std::vector<std::string> command_;
  std::optional<process::PipedProcess> process_;
};

}  // namespace

std::shared_ptr<Transport> unix_transport(const asio::any_io_executor& executor, std::string path) {
  return std::make_shared<UnixTransport>(executor, std::move(path));
}

std::shared_ptr<Transport> tcp_transport(const asio::any_io_executor& executor, std::string host, std::uint16_t port,
                                         Proxy proxy) {
  return std::make_shared<TcpTransport<Socket>>(executor, std::move(host), port, std::move(proxy), executor);
}

Outcome<std::shared_ptr<Transport>> tls_transport(const asio::any_io_executor& executor, std::string host,
                                                  std::uint16_t port, const TlsSettings& settings, Proxy proxy) {
  auto context = tls_context(settings);
  if (!context) return tl::unexpected<Failure>{context.error()};
  return std::make_shared<TlsTransport>(executor, std::move(host), port, std::move(*context), settings,
                                        std::move(proxy));
}

std::shared_ptr<Transport> command_transport(const asio::any_io_executor& executor, std::vector<std::string> command) {
  return std::make_shared<CommandTransport>(executor, std::move(command));
}

}  // namespace nmz::http
