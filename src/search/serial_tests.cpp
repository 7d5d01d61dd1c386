// What a search without parallel tests would have cost, by playing it with a known answer.
#include <utility>
#include <vector>

#include "nmz/search/bisect_plan.hpp"

namespace nmz::search {

std::size_t serial_tests(const CommitGraph& graph, Node culprit, SearchOptions options, std::vector<Node> retreat) {
  std::vector<bool> bad(graph.size());
  bad[culprit] = true;
  for (Node node = culprit; node < graph.size(); ++node) {
    for (const Node parent : graph.parents(node)) {
      if (bad[parent]) bad[node] = true;
    }
  }
  BisectOptions serial;
  serial.search = std::move(options);
  serial.retreat = std::move(retreat);
  BisectPlan plan{graph, {}, std::move(serial)};
  std::size_t tests = 0;
  for (;;) {
    const std::vector<dispatch::Subject> probe = plan.next(1);
    if (probe.empty()) return tests;
    job::Outcome outcome;
    outcome.kind = job::OutcomeKind::exited;
    outcome.code = bad[probe.front()] ? 1 : 0;
    plan.record(probe.front(), outcome);
    ++tests;
  }
}

}  // namespace nmz::search
