// How an exchange fails, for a caller that knows what the other side is.
//
// Which kind of failure it was is known here; what it means, and what its user should do about it, is not: "no
// permission" on a socket means the docker group to one client and nothing to another. So a failure carries its kind
// and the bare detail ("Connection refused"), and each client has one place that words them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace nmz::http {

struct Failure {
  enum class Kind : std::uint8_t {
    // ---- before a byte was sent
    unusable,    ///< what was given cannot be used (certificate files, a path that is too long); the detail says it all
    no_command,  ///< the command that would be the connection cannot be started
    no_permission,  ///< on the socket
    nobody_there,   ///< no such socket, or nobody listens
    unknown_host,   ///< its name cannot be resolved
    unreachable,    ///< any other reason why no connection came about
    untrusted,      ///< the TLS handshake failed
    bad_request,    ///< ours: a line break in a header
    // ---- from then on
    tls_refused,     ///< the peer refuses our side of the TLS connection
    command_failed,  ///< the command whose input and output are the connection says what is wrong
    not_http,        ///< what came is no head of an HTTP answer
    malformed,       ///< the body of the answer breaks the protocol
    too_long,        ///< the answer has more bytes than the client wants
    closed,          ///< the connection ended before the answer did
    broken,          ///< any other error of the connection
    timed_out,       ///< the call's deadline passed
    stopped,         ///< by the caller's own `produce` or `sink`
    cancelled,
  };

  Failure(Kind kind_in, std::string detail_in) : kind{kind_in}, detail{std::move(detail_in)} {}

  Kind kind;
  std::string detail;
};

template <class T>
using Outcome = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> failed(Failure::Kind kind, std::string detail) {
  return tl::unexpected<Failure>{Failure{kind, std::move(detail)}};
}

}  // namespace nmz::http
