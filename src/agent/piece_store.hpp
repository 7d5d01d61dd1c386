// The pieces a relay keeps, numbered in the order they came.
//
// They are the work tree of a whole run, gigabytes at worst, so they go to a file, which has no name any more and
// disappears with the relay however that ends. A container may have a small or no place for files: when one place is
// full the next is tried, and when none is left an anonymous file in memory. What was kept stays where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "unique_fd.hpp"

namespace nmz::agent {

struct Piece {
  int file = -1;
  off_t begin = 0;
  std::size_t size = 0;
};

class PieceStore {
 public:
  /// Nothing, with errno, when there is room nowhere.
  [[nodiscard]] std::optional<Piece> keep(std::string_view bytes);
  [[nodiscard]] std::optional<Piece> find(std::uint32_t number) const;

 private:
  [[nodiscard]] bool open_next();
  [[nodiscard]] bool append(std::string_view bytes);

  std::vector<UniqueFd> files_;  ///< the last one is written to
  std::size_t places_tried_ = 0;
  off_t end_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace nmz::agent
