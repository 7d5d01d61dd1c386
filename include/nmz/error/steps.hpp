// A program as a list of steps, each of which can fail.
//
// A main program's steps have nothing to do after an error but to stop and say so; need() carries it to the one place
// that prints it. Not for control flow inside a step, and nowhere below a program.
#pragma once

#include <type_traits>
#include <utility>

#include "nmz/error/result.hpp"

namespace nmz {

struct StepFailed {
  Error error;
};

template <class T>
T need(Result<T> result) {
  if (!result) throw StepFailed{std::move(result.error())};
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace nmz
