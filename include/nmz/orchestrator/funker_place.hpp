// Where a worker is that is called (funker.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::orchestrator {

struct FunkerPlace {
  std::string host;  ///< a name or an address
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;
  friend bool operator==(const FunkerPlace&, const FunkerPlace&) = default;
};

/// "HOST", "HOST:PORT", "[ADDRESS]:PORT", with commas between them; the port is 9999 where it is not said. Errors
/// (misconfigured) name the one that is wrong.
[[nodiscard]] Result<std::vector<FunkerPlace>> parse_funker_places(std::string_view text);

}  // namespace nmz::orchestrator
