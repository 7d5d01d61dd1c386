// The largest piece of memory that was asked for: operator new of this program remembers it. Set it to 0 before what is
// to be measured.
#pragma once

#include <cstddef>

namespace nmz::wire {

extern std::size_t largest_allocation;

}  // namespace nmz::wire
