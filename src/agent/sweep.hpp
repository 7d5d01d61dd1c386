// Removing what is in a work tree: everything, what is not tracked, or one obstacle.
//
// How it is removed, and what can be in the way, is in nmz/files/removal.hpp. Here is what stays: an entry called .git
// at the top of the tree, and .git files (not directories) below, belong to the coordinator, which puts them there to
// make git work in the tree, and are kept, as `git clean` keeps other repositories. What is mounted in the tree and
// cannot be detached (a volume of the container) is no part of it and stays as well.
#pragma once

#include <string>

#include "nmz/files/removal.hpp"

#include "failure.hpp"
#include "manifest.hpp"

namespace nmz::agent {

using files::Progress;
using files::unlock_directory;

/// Removes everything below the open directory `tree` that `keep` does not list; everything when it is null.
/// `git`: what is called .git goes as well where an earlier search has put it there.
enum class GitFiles : bool { stay, go };
[[nodiscard]] Attempt<> sweep(int tree, const Manifest::Directory* keep, const Progress& progress,
                              GitFiles git = GitFiles::stay);

/// Removes the entry, with all that is below it (.git files too).
[[nodiscard]] Attempt<> remove_entry(int parent, const std::string& name, const Progress& progress);

}  // namespace nmz::agent
