#include "proxy.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

namespace nmz::kubernetes {
namespace ip = boost::asio::ip;
namespace {

using Code = boost::system::error_code;

std::string first_of(const Variable& variable, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (!variable) break;
    if (std::string value = variable(name).value_or(""); !value.empty()) return value;
  }
  return {};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_this_machine(const std::string& host) {
  if (host == "localhost") return true;
  Code code;
  const ip::address address = ip::make_address(host, code);
  return !code && address.is_loopback();
}

bool is_in_net(const std::string& net, const std::string& host) {
  Code code;
  const ip::address address = ip::make_address(host, code);
  if (code) return false;
  if (address.is_v4()) {
    const ip::network_v4 network = ip::make_network_v4(net, code);
    return !code && ip::make_network_v4(address.to_v4(), network.prefix_length()).canonical() == network.canonical();
  }
  const ip::network_v6 network = ip::make_network_v6(net, code);
  return !code && ip::make_network_v6(address.to_v6(), network.prefix_length()).canonical() == network.canonical();
}

/// Takes ":PORT" off an entry.
std::optional<std::uint16_t> take_port(std::string& entry) {
  const std::size_t colon = entry.rfind(':');
  const bool only_address = std::count(entry.begin(), entry.end(), ':') > 1 && !entry.starts_with('[');
  if (colon == std::string::npos || only_address) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(entry.data() + colon + 1, entry.data() + entry.size(), port);
  if (error != std::errc{} || end != entry.data() + entry.size()) return std::nullopt;
  entry.resize(colon);
  return port;
}

bool excepts(std::string entry, const std::string& host, std::uint16_t port) {
  while (entry.starts_with(' ')) entry.erase(0, 1);
  while (entry.ends_with(' ')) entry.pop_back();
  entry = lower(std::move(entry));
  if (entry.empty()) return false;
  if (entry == "*") return true;
  if (entry.find('/') != std::string::npos) return is_in_net(entry, host);
  const auto only = take_port(entry);
  if (only && *only != port) return false;
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  if (entry.starts_with("*.")) entry.erase(0, 1);
  if (entry.starts_with('.')) return host.ends_with(entry);
  return host == entry || host.ends_with("." + entry);
}

bool is_excepted(const std::string& list, const std::string& host, std::uint16_t port) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (excepts(list.substr(begin, end - begin), host, port)) return true;
    begin = end + 1;
  }
  return false;
}

/// %41 is A.
std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    constexpr int hexadecimal = 16;
    const char* const first = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(first, first + 2, byte, hexadecimal).ptr == first + 2) {
      result += static_cast<char>(byte);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// What stands before the '@' of an address, which is taken off.
void take_user(std::string& url, std::size_t authority, http::Proxy& proxy) {
  const std::size_t at = url.find('@', authority);
  if (at == std::string::npos) return;
  const std::string_view who = std::string_view{url}.substr(authority, at - authority);
  const std::size_t colon = std::min(who.find(':'), who.size());
  proxy.user = decoded(who.substr(0, colon));
  proxy.password = decoded(who.substr(std::min(colon + 1, who.size())));
  url.erase(authority, at + 1 - authority);
}

Result<http::Proxy> parse_proxy(std::string url) {
  constexpr std::uint16_t socks_port = 1080;
  http::Proxy proxy;
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  const std::size_t authority = url.find("://") + 3;
  const std::string scheme = lower(url.substr(0, authority - 3));
  take_user(url, authority, proxy);  // no message has it
  const bool socks = scheme == "socks5" || scheme == "socks5h";
  if (!socks && scheme != "http") {
    return fail(ErrorKind::misconfigured,
                "the proxy '" + url + "' is none that can be used: http:// and socks5:// are known");
  }
  proxy.kind = socks ? http::Proxy::Kind::socks5 : http::Proxy::Kind::http;
  const std::string rest = url.substr(authority);
  const std::size_t bracket = rest.rfind(']');
  const bool has_port = rest.find(':', bracket == std::string::npos ? 0 : bracket) != std::string::npos;
  const auto address = parse_server("http://" + rest);
  if (!address) return fail(ErrorKind::misconfigured, "the proxy '" + url + "' has no address");
  proxy.host = address->host;
  proxy.port = socks && !has_port ? socks_port : address->port;
  return proxy;
}

}  // namespace

Result<http::Proxy> choose_proxy(const ServerAddress& server, const std::string& proxy_url, const Variable& variable) {
  if (!proxy_url.empty()) return parse_proxy(proxy_url);
  const std::string said = server.tls ? first_of(variable, {"HTTPS_PROXY", "https_proxy"})
                                      : first_of(variable, {"HTTP_PROXY", "http_proxy"});
  const std::string host = lower(server.host);
  if (said.empty() || is_this_machine(host)) return http::Proxy{};
  if (is_excepted(first_of(variable, {"NO_PROXY", "no_proxy"}), host, server.port)) return http::Proxy{};
  return parse_proxy(said);
}

}  // namespace nmz::kubernetes
