#include "explanation.hpp"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "nmz/output/local_time.hpp"

namespace nmz::nmzbisect {
namespace {

using search::Node;
using search::Verdict;

constexpr std::size_t short_id = 12;

/// What is said of one commit by its own tests.
struct Said {
  std::size_t good = 0;
  std::size_t bad = 0;
  std::size_t skip = 0;
  std::optional<std::chrono::system_clock::time_point> known;
  [[nodiscard]] std::optional<Verdict> verdict() const {
    if (good + bad > 0) return bad > good ? Verdict::bad : Verdict::good;
    return skip > 0 ? std::optional{Verdict::skip} : std::nullopt;
  }
  [[nodiscard]] bool many() const { return good + bad + skip > 1; }
};

class Explanation {
 public:
  Explanation(const Search& search, const Reporter& reporter)
      : search_{search}, graph_{search.range.graph}, said_(search.subjects.size()) {
    for (const Reporter::Told& told : reporter.told()) {
      Said& said = said_.at(told.commit);
      ++(told.verdict == Verdict::good ? said.good : told.verdict == Verdict::bad ? said.bad : said.skip);
      said.known = told.known;
    }
    const search::BisectResult& result = search.plan.result();
    if (result.kind == search::BisectResult::Kind::found) culprit_ = result.suspects.front().node;
    spread();
  }

  [[nodiscard]] events::ExplainedCommit of(Node node) const {
    events::ExplainedCommit one;
    one.commit = search_.subjects.at(node).hex();
    one.subject = search_.message_line(search_.subjects.at(node));
    if (said_[node].verdict()) {
      tell_own(node, one);
    } else if (graph_.role(node) == search::Role::good_end || node == graph_.bad_end()) {
      one.word = node == graph_.bad_end() ? search_.options.term_new : search_.options.term_old;
      one.how = "given";
      one.why = "given as " + one.word;
    } else {
      tell_implied(node, one);
    }
    if (const std::string prior = search_.priors.why(node); !prior.empty()) one.why += "; " + prior;
    return one;
  }

 private:
  /// A verdict that is certain: one that a noisy search has come to is the answer's, not the test's.
  [[nodiscard]] bool is(Node node, Verdict verdict) const {
    return search_.plan.noisy() == nullptr && said_[node].verdict() == verdict;
  }

  /// The nearest by the number of steps; parents have smaller numbers than their children.
  void spread() {
    good_by_.resize(graph_.size());
    bad_by_.resize(graph_.size());
    for (auto node = static_cast<Node>(graph_.size()); node-- > 0;) {
      if (is(node, Verdict::good)) good_by_[node] = node;
      if (!good_by_[node]) continue;
      for (const Node parent : graph_.parents(node)) good_by_[parent] = good_by_[node];
    }
    below_culprit_.resize(graph_.size());
    for (Node node = 0; node < graph_.size(); ++node) {
      if (is(node, Verdict::bad)) bad_by_[node] = node;
      below_culprit_[node] = node == culprit_;
      for (const Node parent : graph_.parents(node)) {
        if (!bad_by_[node]) bad_by_[node] = bad_by_[parent];
        if (below_culprit_[parent]) below_culprit_[node] = true;
      }
    }
  }

  [[nodiscard]] std::string word(Verdict verdict) const {
    if (verdict == Verdict::skip) return "skip";
    return verdict == Verdict::bad ? search_.options.term_new : search_.options.term_old;
  }
  [[nodiscard]] std::string name(Node node) const { return search_.subjects.at(node).hex().substr(0, short_id); }

  void tell_own(Node node, events::ExplainedCommit& one) const {
    const Said& said = said_[node];
    Verdict verdict = *said.verdict();
    if (search_.plan.noisy() != nullptr && culprit_) verdict = below_culprit_[node] ? Verdict::bad : Verdict::good;
    one.word = word(verdict);
    one.how = said.known && !said.many() ? "known" : "tested";
    if (said.many()) {
      one.why = fmt::format("tested {} times: {} {}, {} {}, {} skip", said.good + said.bad + said.skip, said.good,
                            search_.options.term_old, said.bad, search_.options.term_new, said.skip);
    } else if (said.known) {
      one.why = fmt::format("known from a test at {}: {}", output::local_minute(*said.known), word(*said.verdict()));
    } else {
      one.why = "tested: " + word(*said.verdict());
    }
  }

  void tell_implied(Node node, events::ExplainedCommit& one) const {
    const auto imply = [&](Verdict verdict, Node by, std::string why) {
      one.word = word(verdict);
      one.how = "implied";
      one.by = search_.subjects.at(by).hex();
      one.why = fmt::format("{}: {}", one.word, std::move(why));
    };
    const auto because = [&](const char* kin, Node by, Verdict verdict) {
      imply(verdict, by, fmt::format("{} of {}, which was {}", kin, name(by), word(verdict)));
    };
    if (good_by_[node]) return because("ancestor", *good_by_[node], Verdict::good);
    if (bad_by_[node]) return because("descendant", *bad_by_[node], Verdict::bad);
    if (culprit_ && *culprit_ == node) return imply(Verdict::bad, node, "every other commit is excluded");
    if (culprit_) {
      return below_culprit_[node]
                 ? imply(Verdict::bad, *culprit_, "descendant of " + name(*culprit_) + ", the answer")
                 : imply(Verdict::good, *culprit_, "no descendant of " + name(*culprit_) + ", the answer");
    }
    one.word = "unknown";
    one.how = "open";
    one.why = "not tested, and no verdict says what it is";
  }

  const Search& search_;              // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  const search::CommitGraph& graph_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::vector<Said> said_;
  std::optional<Node> culprit_;
  std::vector<std::optional<Node>> good_by_;
  std::vector<std::optional<Node>> bad_by_;
  std::vector<bool> below_culprit_;
};

}  // namespace

events::Explained explain(const Search& search, const Reporter& reporter) {
  const Explanation explanation{search, reporter};
  events::Explained explained;
  for (auto node = static_cast<Node>(search.range.graph.size()); node-- > 0;) {
    if (search.range.graph.role(node) != search::Role::passage) explained.commits.push_back(explanation.of(node));
  }
  return explained;
}

}  // namespace nmz::nmzbisect
