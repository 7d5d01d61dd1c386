// What an ObjectReader keeps open between streams.
#pragma once

#include <memory>

#include "nmz/git/tree_stream.hpp"

#include "object_source.hpp"
#include "tree_comparison.hpp"

namespace nmz::git {

struct ObjectReader::Impl {
  std::unique_ptr<ObjectSource> source;
  SubmoduleSources submodules;
};

}  // namespace nmz::git
