// Where a file system puts new directories.
//
// ext4 puts what is made in a directory near it, and passes over each inode there that was freed within the last
// minutes, one by one: thousands of files that are made where as many have just been deleted take ten times as long.
// Directories that are made in one that is marked as a top of unrelated ones (chattr +T) are spread over the whole
// device, so that a new tree does not come to lie where the last one was.
#pragma once

namespace nmz::files {

/// Marks the open directory. What cannot be marked is as it was.
void spread_subdirectories(int directory);

}  // namespace nmz::files
