// The name of a commit (or any object): 20 bytes of SHA-1.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nmz::git {

struct CommitId {
  std::array<std::uint8_t, 20> bytes{};

  [[nodiscard]] static std::optional<CommitId> parse(std::string_view hex);  ///< exactly 40 hex digits
  [[nodiscard]] std::string hex() const;

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the generated comparison for ours
  friend auto operator<=>(const CommitId&, const CommitId&) = default;
};

}  // namespace nmz::git

/// The bytes are a cryptographic hash already: any eight of them spread evenly.
template <>
struct std::hash<nmz::git::CommitId> {
  std::size_t operator()(const nmz::git::CommitId& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
