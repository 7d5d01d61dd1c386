// The commits that are reachable from a few, newest first up to a limit, and where they were cut.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"

#include "object_source.hpp"

namespace nmz::git {

struct ShortHistory {
  std::unordered_set<CommitId> commits;
  std::unordered_set<CommitId> shallow;  ///< of these, those whose parents are not all there
};

/// `also`: commits that are in it whatever the limit says.
[[nodiscard]] Result<ShortHistory> short_history(const ObjectSource& source, const std::vector<CommitId>& tips,
                                                 const std::vector<CommitId>& also, std::size_t limit);

/// The refs that lead into it (a packed-refs file), and the tags that they go by.
struct ShortRefs {
  std::string packed;
  std::vector<CommitId> tags;
};
[[nodiscard]] Result<ShortRefs> refs_into(const ObjectSource& source, const ShortHistory& history);

}  // namespace nmz::git
