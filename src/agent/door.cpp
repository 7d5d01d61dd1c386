// See door.hpp.
#include "door.hpp"

namespace nmz::agent {

Door::Caller Door::who(std::string_view opening) const {
  if (proves(opening, key_)) {
    return Caller::worker;
  }
  return proves(opening, token_) ? Caller::spent : Caller::nobody;
}

void Door::let_in(std::string_view task, const Key& next) {
  inside_ = task;
  key_ = next;
}

void Door::admit(std::string_view task) {
  if (task != inside_) {
    key_ = task_key(token_, task);
  }
}

}  // namespace nmz::agent
