// What hides the tracked files of the checkout, as a layer of an overlay.
//
// The work tree of a commit lies over the user's checkout, of which only what is untracked may shine through: a tracked
// file that the commit does not have would be seen otherwise. So between the two is this layer, which has a whiteout
// for each entry that is not untracked. A directory that holds nothing untracked is one whiteout, whatever is in it.
// All whiteouts are one inode, as overlayfs does it by itself.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::sandbox {

/// Makes the layer in the empty directory `mask`. `untracked`: paths from `checkout`, whole directories with a slash at
/// their end.
[[nodiscard]] Result<void> make_mask(const std::filesystem::path& checkout, const std::vector<std::string>& untracked,
                                     const std::filesystem::path& mask);

}  // namespace nmz::sandbox
