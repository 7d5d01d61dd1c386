// The control sequences of terminals (ECMA-48, 5th edition): what foreign text may contain to move the cursor, set a
// title, ask the terminal a question, or just to have a colour.
//
// A sequence is found as a whole, so that leaving it out leaves no debris such as "[31m". A control string (a title, a
// link) that nothing ends before the line does is taken for its introducer alone: what follows is then shown, where a
// terminal would swallow it.
#pragma once

#include <cstddef>
#include <string_view>

namespace nmz::text {

struct ControlSequence {
  std::size_t length = 0;  ///< bytes; 0: none begins here
  bool colours = false;    ///< it only chooses how characters look (SGR)
};

/// The one at the start of `bytes`; introduced by ESC, or by a C1 control in UTF-8.
[[nodiscard]] ControlSequence control_sequence(std::string_view bytes);

}  // namespace nmz::text
