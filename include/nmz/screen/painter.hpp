// From what a run is and what somebody does at its screen to the lines of that screen: a pure function, for any size
// down to 20 columns and 5 rows. What a terminal makes of the lines is terminal.hpp's.
//
// Signs say what colours say. Where there is little room the least important goes first: the legend, the throughput, a
// history's lanes, then rows of the lists.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nmz/screen/desk.hpp"
#include "nmz/screen/model.hpp"
#include "nmz/screen/styled.hpp"

namespace nmz::screen {

enum class Letters : std::uint8_t { ascii, unicode };

/// `size.rows` lines of `size.columns` each. `desk` is told what was put where.
[[nodiscard]] std::vector<Line> paint(const Model& model, Desk& desk, Size size, Letters letters);

}  // namespace nmz::screen
