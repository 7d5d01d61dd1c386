// What a search without parallel tests would have cost, by playing it with a known answer.
#include <vector>

#include "nmz/search/bisect_plan.hpp"

namespace nmz::search {

std::size_t serial_tests(const CommitGraph& graph, Node culprit, SearchOptions options) {
  std::vector<bool> bad(graph.size());
  bad[culprit] = true;
  for (Node node = culprit; node < graph.size(); ++node) {
    for (const Node parent : graph.parents(node)) {
      if (bad[parent]) bad[node] = true;
    }
  }
  Search search{graph, options};
  std::size_t tests = 0;
  for (;;) {
    const std::vector<Node> probe = search.choose(1, {});
    if (probe.empty()) return tests;
    search.record(probe.front(), bad[probe.front()] ? Verdict::bad : Verdict::good);
    ++tests;
  }
}

}  // namespace nmz::search
