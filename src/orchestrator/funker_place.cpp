#include "nmz/orchestrator/funker_place.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "nmz/contract/funker.hpp"

namespace nmz::orchestrator {
namespace {

/// Nothing when it is none.
std::optional<FunkerPlace> parse_place(std::string_view text) {
  FunkerPlace place;
  place.port = contract::funker::port;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    place.host = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    has_port = !text.empty();
    if (has_port && text.front() != ':') return std::nullopt;
    if (has_port) port = text.substr(1);
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    place.host = text.substr(0, colon);
    if (has_port) port = text.substr(colon + 1);
  }
  if (place.host.empty() || place.host.find_first_of(" \t/@[]") != std::string::npos) return std::nullopt;
  if (!has_port) return place;
  const char* const last = port.data() + port.size();
  const auto [end, error] = std::from_chars(port.data(), last, place.port);
  if (error != std::errc{} || end != last || place.port == 0) return std::nullopt;
  return place;
}

}  // namespace

std::string FunkerPlace::text() const {
  return (host.find(':') == std::string::npos ? host : '[' + host + ']') + ':' + std::to_string(port);
}

Result<std::vector<FunkerPlace>> parse_funker_places(std::string_view text) {
  std::vector<FunkerPlace> places;
  while (true) {
    const std::string_view one = text.substr(0, text.find(','));
    std::optional<FunkerPlace> place = parse_place(one);
    if (!place) {
      return fail(ErrorKind::misconfigured, "needs HOST:PORT[,HOST:PORT...], not '" + std::string{one} + "'");
    }
    places.push_back(std::move(*place));
    if (one.size() == text.size()) return places;
    text.remove_prefix(one.size() + 1);
  }
}

}  // namespace nmz::orchestrator
