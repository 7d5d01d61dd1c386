// Where the user's files go (XDG Base Directory Specification 0.8).
#pragma once

#include <filesystem>

#include "nmz/error/result.hpp"

namespace nmz::installation {

/// Things that may be lost: work trees. $XDG_CACHE_HOME/namazu-swarm, ~/.cache/namazu-swarm, or below the system's
/// temporary directory for a user without a home: an error where that is not safe.
[[nodiscard]] Result<std::filesystem::path> cache_directory();

/// Things worth keeping: logs. $XDG_STATE_HOME/namazu-swarm, ~/.local/state/namazu-swarm, or as above.
[[nodiscard]] Result<std::filesystem::path> state_directory();

/// Things of lasting worth: the history. $XDG_DATA_HOME/namazu-swarm, ~/.local/share/namazu-swarm, or as above.
[[nodiscard]] Result<std::filesystem::path> data_directory();

}  // namespace nmz::installation
