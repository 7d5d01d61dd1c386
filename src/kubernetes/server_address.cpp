#include "server_address.hpp"

#include <charconv>
#include <string_view>

namespace nmz::kubernetes {
namespace {

constexpr std::string_view plain = "http://";
constexpr std::string_view secure = "https://";
constexpr std::uint16_t plain_port = 80;
constexpr std::uint16_t secure_port = 443;

bool take_port(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port > 0;
}

}  // namespace

Result<ServerAddress> parse_server(const std::string& text) {
  const auto wrong = [&text] {
    return fail(ErrorKind::misconfigured, "the server '" + text + "' of the cluster is no https:// address");
  };
  ServerAddress address;
  std::string_view rest{text};
  address.tls = rest.starts_with(secure);
  if (!address.tls && !rest.starts_with(plain)) return wrong();
  rest.remove_prefix(address.tls ? secure.size() : plain.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  address.prefix = rest.substr(slash);
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  std::string_view authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos || rest.find_first_of("?#") != std::string_view::npos)
    return wrong();
  address.port = address.tls ? secure_port : plain_port;
  const bool bracketed = authority.starts_with('[');
  const std::size_t end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && end == std::string_view::npos) return wrong();
  address.host = authority.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
  const std::string_view behind =
      end == std::string_view::npos ? std::string_view{} : authority.substr(bracketed ? end + 1 : end);
  if (address.host.empty() ||
      (!behind.empty() && (behind.front() != ':' || !take_port(behind.substr(1), address.port)))) {
    return wrong();
  }
  return address;
}

}  // namespace nmz::kubernetes
