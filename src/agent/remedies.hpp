// What can be done when the file system refuses to create something in the work tree.
//
// Three refusals have a remedy, each tried once: something is in the way (it is removed), the directory was locked by a
// test (it is unlocked), the disk is full (what previous tests left untracked is removed). Everything else, and a
// remedy that did not help, is the answer.
#pragma once

#include <cerrno>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "failure.hpp"
#include "sweep.hpp"

namespace nmz::agent {

/// A name in an open directory of the tree, and what its surroundings can do for it.
struct TreePlace {
  int parent = -1;
  std::string path;                      ///< from the top of the tree; its last component is the name in `parent`
  std::function<Attempt<>()> clear_way;  ///< removes what is at the name
  std::function<bool()> make_room;       ///< true if something was freed; at most once a tree
};

/// Repeats `make` (false with errno set on failure) as long as there is a remedy.
template <class Make>
Attempt<> with_remedies(const TreePlace& place, std::string_view what, const Make& make) {
  bool cleared = false;
  bool unlocked = false;
  while (!make()) {
    const int error = errno;
    if (error == EEXIST && !std::exchange(cleared, true)) {
      if (auto clear = place.clear_way(); !clear) {
        return clear;
      }
    } else if ((error == EACCES || error == EPERM) && !std::exchange(unlocked, true)) {
      static_cast<void>(unlock_directory(place.parent));
    } else if ((error != ENOSPC && error != EDQUOT) || !place.make_room()) {
      return failed(error, what, place.path);
    }
  }
  return {};
}

}  // namespace nmz::agent
