// All refs of a repository as one packed-refs file.
#pragma once

#include <string>

#include "nmz/error/result.hpp"

#include "object_source.hpp"

namespace nmz::git {

/// Left out: what belongs to one work tree alone (a running bisection or rebase) and the stash, which means nothing
/// without its log.
[[nodiscard]] Result<std::string> packed_refs(const ObjectSource& source);

}  // namespace nmz::git
