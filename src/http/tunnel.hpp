// The way through a proxy, on a socket that is connected to it: HTTP's CONNECT, or SOCKS 5.
#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "nmz/http/failure.hpp"
#include "nmz/http/transport.hpp"

namespace nmz::http {

/// After it the socket is as one to that host. Failures (unreachable) name the proxy. The socket outlives the call.
boost::asio::awaitable<Outcome<void>> open_tunnel(boost::asio::generic::stream_protocol::socket& socket, Proxy proxy,
                                                  std::string host, std::uint16_t port);

}  // namespace nmz::http
