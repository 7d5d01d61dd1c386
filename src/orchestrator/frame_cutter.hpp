// Cuts what is written to a channel into parts: whole frames worth keeping, and everything else.
//
// A write may hold many frames or a part of one. Nothing is held back to complete a frame, which would need a rule for
// when to stop waiting; a frame that comes in several writes is simply not kept. Bytes that are no frames pass
// unchanged, as one frame that never ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::orchestrator {

class FrameCutter {
 public:
  struct Part {
    std::string_view bytes;  ///< of what was given to cut(), at most wire::max_piece
    bool whole_frame = false;
  };

  /// The parts of these bytes, in order and without a gap.
  [[nodiscard]] std::vector<Part> cut(std::string_view bytes);

 private:
  std::string header_;    ///< the beginning of a frame's header, already passed on
  std::size_t rest_ = 0;  ///< bytes of the current frame still to come
};

}  // namespace nmz::orchestrator
