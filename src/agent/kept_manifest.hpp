// The manifest of a tree that is kept from one search to the next, in a file beside the tree.
//
// With it the next agent knows by lstat() alone what is as it was laid out, as after every job. The file is only ever
// read on the machine and by the build that wrote it (the label says so, and has the last word about everything else
// that decides what is in the files), so numbers are written as they are in memory: a check sum, the tree's own inode,
// the time of the last job, the label, then path and signature of each file. Nothing of it is believed that does not
// fit, and then the tree is laid out as a whole. It is taken away when it is read: an agent that is killed leaves none.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "nmz/wire/messages.hpp"

#include "manifest.hpp"

namespace nmz::agent {

/// What is known besides.
struct KeptFacts {
  KeptFacts() = default;
  std::uint64_t sum = 0;  ///< of all that follows
  ino_t tree = 0;         ///< the tree's own
  timespec since{};       ///< when the last job began: entries that are not older are compared by contents
};

/// In the directory that holds the tree. `touched`: paths at which it is not known what there is.
void keep_manifest(int place, KeptFacts facts, const std::string& label, const Manifest& manifest,
                   const std::vector<std::string>& touched);

/// Fills the manifest, and what is to be told: the label, the totals, and as changed what was touched. Nothing when
/// there is no such file or it does not fit.
[[nodiscard]] std::optional<KeptFacts> take_manifest(int place, Manifest& manifest, wire::KeptTree& kept);

}  // namespace nmz::agent
