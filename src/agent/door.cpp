// See door.hpp.
#include "door.hpp"

#include <algorithm>

namespace nmz::agent {

Key key_of(std::string_view bytes) {
  Key key{};
  std::copy_n(bytes.begin(), std::min(key.size(), bytes.size()), key.begin());
  return key;
}

// The latest is the first of `keys`, and the last to be overwritten.
Door::Door(const Key& token, std::string_view keys) : token_{token}, key_{key_of(keys)} {
  former_.fill(token);
  const std::size_t known = std::min(keys.size() / sizeof(Key) - 1, former_.size());
  for (std::size_t i = known; i > 0; --i) {
    former_.at(changes_++ % former_.size()) = key_of(keys.substr(i * sizeof(Key)));
  }
}

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
