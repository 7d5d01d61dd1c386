// What the program and its agent agree upon about work trees that are kept from one search to the next.
#pragma once

#include <cstddef>

namespace nmz::wire {

/// Beside the tree: what the agent knew of it (src/agent/kept_manifest.hpp).
inline constexpr const char* manifest_name = "manifest";

/// A tree in which more than this has changed is laid out as a whole.
inline constexpr std::size_t most_bytes_of_changes = std::size_t{512} << 10;

/// And what one can have of paths; more is no tree of ours.
inline constexpr std::size_t most_paths_of_kept = std::size_t{1} << 24;
inline constexpr std::size_t most_bytes_of_paths = std::size_t{1} << 30;

}  // namespace nmz::wire
