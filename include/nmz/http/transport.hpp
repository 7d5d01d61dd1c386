// The byte streams that HTTP goes over: sockets, TLS, a command's input and output, and in tests plain memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/http/failure.hpp"

namespace nmz::http {

/// One read and one write may be under way at a time.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  ByteStream(ByteStream&&) = delete;
  ByteStream& operator=(ByteStream&&) = delete;
  virtual ~ByteStream() = default;

  /// At least one byte into `buffer`; 0 is the orderly end.
  virtual boost::asio::awaitable<Outcome<std::size_t>> read(std::span<char> buffer) = 0;
  /// All of `bytes`.
  virtual boost::asio::awaitable<Outcome<void>> write(std::string bytes) = 0;
  /// The peer reads an end; what it says can still be read. Not over TLS (unusable).
  virtual boost::asio::awaitable<Outcome<void>> end_output() = 0;
  /// Ends what is under way, with `cancelled`, and everything after it.
  virtual void close() = 0;
};

/// A byte stream that has to be opened first.
class Transport : public ByteStream {
 public:
  virtual boost::asio::awaitable<Outcome<void>> open() = 0;
  /// What a command that is the connection has complained of so far; empty for everything else.
  [[nodiscard]] virtual std::string complaint() const { return {}; }
};

/// PEM, as a file or as its text; neither: nothing.
struct Pem {
  Pem() = default;
  std::filesystem::path file;
  std::string text;
  [[nodiscard]] bool empty() const { return file.empty() && text.empty(); }
};

struct TlsSettings {
  TlsSettings() = default;
  Pem ca;  ///< nothing: the system's authorities
  Pem certificate;
  Pem key;
  bool verify = true;  ///< the peer's certificate, and that it is for the host that was asked for
  std::string name;    ///< that it has to be for instead; empty = the host
};

/// What a connection to a host goes through.
struct Proxy {
  enum class Kind : std::uint8_t {
    none,
    http,    ///< CONNECT (RFC 9110, 9.3.6)
    socks5,  ///< RFC 1928, with a name and password where it wants them (RFC 1929)
  };
  Proxy() = default;
  Kind kind = Kind::none;
  std::string host;
  std::uint16_t port = 0;
  std::string user;
  std::string password;
};

[[nodiscard]] std::shared_ptr<Transport> unix_transport(const boost::asio::any_io_executor& executor, std::string path);
[[nodiscard]] std::shared_ptr<Transport> tcp_transport(const boost::asio::any_io_executor& executor, std::string host,
                                                       std::uint16_t port, Proxy proxy = Proxy());
/// Fails (unusable) where the certificates cannot be read.
[[nodiscard]] Outcome<std::shared_ptr<Transport>> tls_transport(const boost::asio::any_io_executor& executor,
                                                                std::string host, std::uint16_t port,
                                                                const TlsSettings& settings, Proxy proxy = Proxy());
/// A command whose stdin and stdout are the connection (`ssh HOST docker system dial-stdio`); it ends with it.
[[nodiscard]] std::shared_ptr<Transport> command_transport(const boost::asio::any_io_executor& executor,
                                                           std::vector<std::string> command);

}  // namespace nmz::http
