// Whether a failed command may have failed because of a full disk.
//
// Then the failure says something about this worker, and not about the commit. statvfs() knows nothing of quotas, of
// the blocks reserved for root or of project limits, so when there seems to be space a small unnamed file is really
// written. What a test frees again before it ends cannot be seen.
#pragma once

#include <string>

namespace nmz::agent {

/// `directory`: where to look; one that does not exist is not full.
[[nodiscard]] bool disk_is_full(const std::string& directory);

}  // namespace nmz::agent
