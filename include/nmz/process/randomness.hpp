// Bytes that nobody can guess, from the kernel.
#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>

#include <sys/random.h>

namespace nmz::process {

/// The kernel has them from its boot on: where it says otherwise there is nothing to go on with.
template <class Byte>
requires(sizeof(Byte) == 1) void fill_with_randomness(std::span<Byte> bytes) {
  // Up to 256 bytes are given whole, and no signal interrupts it (getrandom(2)).
  constexpr std::size_t at_once = 256;
  while (!bytes.empty()) {
    const std::span<Byte> part = bytes.first(bytes.size() < at_once ? bytes.size() : at_once);
    if (::getrandom(part.data(), part.size(), 0) != static_cast<ssize_t>(part.size())) {
      throw std::runtime_error{"the kernel has no randomness"};
    }
    bytes = bytes.subspan(part.size());
  }
}

}  // namespace nmz::process
