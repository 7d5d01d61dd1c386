// Removing what is in a work tree: everything, what is not tracked, or one obstacle.
//
// Tests leave anything behind: directories without permissions, files with the immutable flag, chains of directories
// deeper than PATH_MAX or than the number of descriptors. So removal walks with openat() and "..", holds one
// descriptor whatever the depth, never follows a symlink, and repairs permissions only when something was refused.
// std::filesystem::remove_all does none of this (and brings iostreams and locales into the binary).
//
// An entry called .git at the top of the tree, and .git files (not directories) below, belong to the coordinator, which
// puts them there to make git work in the tree, and are kept, as `git clean` keeps other repositories.
#pragma once

#include <functional>

#include "failure.hpp"
#include "manifest.hpp"

namespace nmz::agent {

/// Called every now and then during long work, so that heartbeats keep going.
using Progress = std::function<void()>;

/// Removes everything below the open directory `tree` that `keep` does not list; everything when it is null.
[[nodiscard]] Attempt<> sweep(int tree, const Manifest::Directory* keep, const Progress& progress);

/// Removes the entry, with all that is below it (.git files too).
[[nodiscard]] Attempt<> remove_entry(int parent, const std::string& name, const Progress& progress);

/// Opens a directory without following a symlink. When permissions are missing they are added first.
/// The descriptor is -1 with errno set when that fails.
[[nodiscard]] int open_directory(int parent, const char* name);

/// Lets this process make and remove entries in the directory again, after EACCES or EPERM. False when it cannot.
[[nodiscard]] bool unlock_directory(int directory);

}  // namespace nmz::agent
