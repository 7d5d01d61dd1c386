// See allocations.hpp.
#include "allocations.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace nmz::wire {

std::size_t largest_allocation = 0;

}  // namespace nmz::wire

// Not inlined: g++ would see one half of a pair and take malloc() and delete for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  nmz::wire::largest_allocation = std::max(nmz::wire::largest_allocation, size);
  if (void* memory = std::malloc(std::max<std::size_t>(size, 1))) {  // NOLINT
    return memory;
  }
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }                        // NOLINT
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }  // NOLINT
