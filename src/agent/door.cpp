// See door.hpp.
#include "door.hpp"

#include <algorithm>

namespace nmz::agent {

Door::Caller Door::who(std::string_view opening) const {
  if (proves(opening, key_)) {
    return Caller::worker;
  }
  if (proves(opening, token_)) {
    return Caller::spent;
  }
  const bool was_here = std::ranges::any_of(former_, [&](const Key& key) { return proves(opening, key); });
  return was_here ? Caller::former : Caller::nobody;
}

void Door::change_key(const Key& next) {
  former_.at(changes_++ % former_.size()) = key_;
  key_ = next;
}

void Door::let_in(std::string_view task, const Key& next) {
  inside_ = task;
  change_key(next);
}

void Door::admit(std::string_view task) {
  if (task != inside_) {
    change_key(task_key(token_, task));
  }
}

}  // namespace nmz::agent
