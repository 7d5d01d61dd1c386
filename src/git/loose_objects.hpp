// Loose objects, read by us.
//
// libgit2 1.5 inflates a loose object until it has the bytes that the object's header promises, and never looks at
// whether there is any input left: over a file that was cut off (a crash, a full disk) git_odb_read spins for ever.
// Such files are what a damaged repository has most often. So an own backend stands before libgit2's: it reads the
// file, inflates it in one go and takes nothing but a whole stream of the promised length. Objects in packs, the usual
// case, are looked for before and cost nothing.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "libgit2.hpp"

namespace nmz::git {

/// The directory, and those that its info/alternates names.
[[nodiscard]] std::vector<std::filesystem::path> object_directories(const std::filesystem::path& objects);

/// What is in the place of a pack, a list of directories or a ref beside the objects, and is a FIFO or the like, if
/// there is such: libgit2, or a git that is asked for all refs, would open it, and wait for ever.
[[nodiscard]] std::optional<std::filesystem::path> not_a_file(const std::filesystem::path& objects);

/// Lets `odb` read the loose objects of these directories so.
void read_loose_objects_safely(git_odb& odb, const std::filesystem::path& objects);

}  // namespace nmz::git
