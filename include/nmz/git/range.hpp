// A range of history as the graph a search works on.
#pragma once

#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/search/commit_graph.hpp"

namespace nmz::git {

struct RangeRequest {
  RangeRequest() = default;
  std::vector<std::string> goods;  ///< revisions, at least one, unless:
  bool find_good = false;          ///< none is known; all ancestors of bad are read
  std::string good_limit;          ///< with find_good: how many commits back, or the oldest revision; empty = all
  std::string bad;                 ///< revision
  std::vector<std::string>
      pathspecs;  ///< commits that touch none of them are no candidates; as typed in the start directory
  bool first_parent = false;
  std::vector<std::string> skipped;  ///< revisions or ranges (A..B) that are known to give no verdict
};

/// A commit that is tested although it is outside the graph.
struct OutsideCheck {
  OutsideCheck() = default;
  CommitId id;
  bool merge_base = false;  ///< otherwise a good end that is no ancestor of bad
};

/// A commit that may be the good end where none was given.
struct RetreatStep {
  search::Node node = 0;
  std::string tag;  ///< its name, if it has one
};

struct Range {
  Range() = default;
  search::CommitGraph graph;
  std::vector<CommitId> ids;    ///< of each node of the graph
  std::vector<CommitId> goods;  ///< as given, peeled, without duplicates
  CommitId bad;
  std::vector<OutsideCheck> outside;  ///< merge bases first
  std::vector<RetreatStep> retreat;   ///< with find_good: to be tried in this order
  std::vector<search::Node> skipped;  ///< candidates
};

/// Resolves the ends and reads everything reachable from bad and from no good.
/// Good ends that are ancestors of bad are nodes with Role::good_end, parents of the candidates that have them as a
/// parent (of the bad end where no candidate has). Merge bases that are no given good, and good ends that are no
/// ancestors of bad, are listed in `outside` instead and are no nodes.
/// One clear line (misconfigured) for: an unknown or ambiguous revision (git's own hint kept short), an empty range,
/// good equal to bad, swapped ends (bad is an ancestor of good), a shallow clone that lacks the way to the good end,
/// pathspecs that nothing touches; (rejected) for a missing object or a corrupt repository.
[[nodiscard]] Result<Range> read_range(const Repository& repository, const RangeRequest& request);

}  // namespace nmz::git
