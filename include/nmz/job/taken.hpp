// Something of the machine that a job took for itself under a name that the next one would use as well: a fixed port,
// a socket at a fixed path. Two jobs that have the same at one time can each have met the other.
//
// Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace nmz::job {

struct Taken {
  std::string name;         ///< for people: "port 8080", "socket /tmp/x"
  std::uint64_t place = 0;  ///< which network or directory it is in: the same name elsewhere is something else

  friend bool operator==(const Taken&, const Taken&) = default;
  friend auto operator<=>(const Taken&, const Taken&) = default;  // NOLINT(modernize-use-nullptr): of clang 14
};

}  // namespace nmz::job
