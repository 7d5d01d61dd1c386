// The search for what broke many tests at once: one plan, an answer for each test.
//
// Most of what such a search costs is the commits: each has to be laid out and built. Many tests usually share a
// culprit, and nobody knows which. So an execution is a commit, and runs all tests about which it can still tell
// something. Each test is searched for as it would be alone, with a belief of its own over the same history; tests with
// the same verdicts so far share one, since they may well share the culprit. What is tested next is what tells most
// about all of these beliefs together: a commit at which two of them are undecided counts for both.
//
// First the ends: all tests run at both. What fails at a good end too is old, what passes at the bad end is not
// searched for, and the rest is. What is found is tested once more, at the culprit and at its parents: where there are
// many red tests some are flaky, and would be blamed on somebody.
//
// A test need not be there at each commit. One that the good ends have cannot be tested where it is absent. One that
// they do not have was added later, and absent counts as good there: it fails since the commit that was found, which
// either broke it or added it (Fate::Kind::since_added). An execution that says nothing about a test is followed by a
// list of the commit's tests: it is absent, or it is there and runs again without those that had an answer.
//
// Pure: what an execution said is asked of `answers` when it has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/search/commit_graph.hpp"
#include "nmz/search/search.hpp"

namespace nmz::search {

using TestNumber = std::uint32_t;

/// What an execution said of one of its tests. Of a list, `nothing`: the test is there; passed: what it stands for (a
/// file that could not be read) is there, and well.
enum class Said : std::uint8_t { nothing, passed, failed, untestable, absent };

struct ManyCulpritsOptions {
  ManyCulpritsOptions() = default;
  bool trust_ends = false;           ///< tests that are given fail at the bad end, and pass at the good ones
  bool confirm = true;               ///< test each answer once more
  std::size_t workers = 1;           ///< for what is expected only
  std::size_t outside = 0;           ///< good ends that are no nodes; numbered after these
  std::optional<std::size_t> tests;  ///< nothing: the bad end's list says it
  std::size_t largest = 0;           ///< tests in an execution at most; 0 = no limit
  std::vector<Node> skipped;         ///< known to give no verdict
};

/// What became of a test.
struct Fate {
  enum class Kind : std::uint8_t {
    unfinished,
    found,             ///< suspects[0] broke it
    since_added,       ///< it fails since suspects[0], which has added it
    only_skipped,      ///< one of the suspects; the rest cannot be tested
    old,               ///< fails at a good end, `bad`, as well
    passes,            ///< at the bad end, and at all ends that were asked
    fixed,             ///< passes at the bad end, fails at a good one, `bad`
    absent,            ///< the bad end does not have it
    untestable,        ///< gave no verdict at the bad end
    flaky,             ///< fails at `bad`, and passes at `good`, which is the same commit or a descendant
    no_single_commit,  ///< no one commit explains its verdicts
  };
  Kind kind = Kind::unfinished;
  std::vector<Suspect> suspects;
  dispatch::Subject bad = 0;
  dispatch::Subject good = 0;
};

class ManyCulpritsPlan final : public dispatch::Plan {
 public:
  enum class Task : std::uint8_t { list, test };
  struct Questions {
    Questions() = default;
    /// One for each test of an execution that ended by itself, in their order.
    std::function<std::vector<Said>(dispatch::Subject)> answers;
    /// The bad end's list has been made: how many tests there are; nothing: it failed.
    std::function<std::optional<std::size_t>(dispatch::Subject)> listed;
    /// Tests of which this differs cannot run in one execution. May be empty.
    std::function<std::uint32_t(TestNumber)> unit;
  };

  ManyCulpritsPlan(const CommitGraph& graph, ManyCulpritsOptions options, Questions questions);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool finished() const override;
  void work_with(std::size_t workers) override { options_.workers = workers; }

  /// Whether it is being searched for: the ends have said what they say, and nothing is found yet.
  [[nodiscard]] bool searches_for(TestNumber test) const { return tests_.at(test).stage == Stage::searching; }
  /// What a commit says of tests is known without an execution. Returns those that it is news about; of the others, and
  /// of those that are not searched for, nothing is learnt.
  std::vector<std::pair<TestNumber, Said>> learn_of(dispatch::Subject commit,
                                                    const std::vector<std::pair<TestNumber, Said>>& said);

  // Of an execution. A commit is a node, or stands behind them (ManyCulpritsOptions::outside).
  [[nodiscard]] dispatch::Subject commit_of(dispatch::Subject execution) const {
    return executions_.at(execution).commit;
  }
  [[nodiscard]] std::span<const TestNumber> tests_of(dispatch::Subject execution) const {
    return executions_.at(execution).tests;
  }
  [[nodiscard]] Task task_of(dispatch::Subject execution) const { return executions_.at(execution).task; }
  /// By test, what it said; empty while it has not ended, and where that does not count any more.
  [[nodiscard]] const std::vector<Said>& answers_of(dispatch::Subject execution) const {
    return executions_.at(execution).answers;
  }
  /// From 1: which execution of its commit it is.
  [[nodiscard]] std::uint32_t number_of(dispatch::Subject execution) const { return executions_.at(execution).number; }

  [[nodiscard]] Node bad_end() const { return graph_->bad_end(); }
  [[nodiscard]] std::size_t tests() const { return tests_.size(); }
  [[nodiscard]] const Fate& fate(TestNumber test) const { return tests_.at(test).fate; }
  /// What a commit said of it last.
  [[nodiscard]] std::optional<Said> said(TestNumber test, dispatch::Subject commit) const;
  [[nodiscard]] std::size_t undecided() const;
  /// The list of tests could not be made.
  [[nodiscard]] bool without_list() const { return without_list_; }
  /// Expected number of further rounds of executions.
  [[nodiscard]] double rounds_left() const;

 private:
  enum class Stage : std::uint8_t { ends, searching, confirming, decided };
  struct State {
    Stage stage = Stage::ends;
    Fate fate;
    std::map<dispatch::Subject, Said> said;
    std::set<dispatch::Subject> unconfirmed;  ///< commits that are still to be tested once more
    bool added_later = false;                 ///< no good end has it
  };
  struct Execution {
    Task task = Task::test;
    dispatch::Subject commit = 0;
    std::vector<TestNumber> tests;
    std::vector<Said> answers;
    std::uint32_t number = 1;
    bool probe = false;  ///< chosen for what it may tell; dropped rather than repeated
    bool running = false;
    bool open = true;
  };
  /// Tests with the same verdicts, and what is thought of these.
  struct Group {
    std::map<Node, Verdict> seen;
    Search search;
    std::vector<TestNumber> tests;
  };

  // What is executed.
  dispatch::Subject add(Task task, dispatch::Subject commit, std::vector<TestNumber> tests, bool probe);
  void enqueue(dispatch::Subject commit, const std::vector<TestNumber>& tests);
  [[nodiscard]] std::vector<std::vector<TestNumber>> apart(const std::vector<TestNumber>& tests) const;
  dispatch::Subject start(dispatch::Subject execution);
  [[nodiscard]] bool matters(const Execution& execution) const;
  [[nodiscard]] bool matters(TestNumber test, dispatch::Subject commit) const;
  [[nodiscard]] bool under_way(TestNumber test, dispatch::Subject commit) const;
  void take_queued(std::vector<dispatch::Subject>& out, std::size_t count);
  void take_probes(std::vector<dispatch::Subject>& out, std::size_t count);
  void take_confirmations(std::vector<dispatch::Subject>& out, std::size_t count);
  void hand_out(dispatch::Subject commit, const std::vector<TestNumber>& tests, bool probe,
                std::vector<dispatch::Subject>& out);

  // What is chosen.
  [[nodiscard]] std::vector<Node> choose(std::size_t count);
  [[nodiscard]] std::vector<Node> choose_jointly(std::size_t count, std::vector<std::vector<Node>> in_flight);
  [[nodiscard]] std::vector<Node> in_flight(const Group& group) const;

  // What is heard.
  void take_list(const Execution& execution, dispatch::Subject subject);
  [[nodiscard]] std::vector<Said> heard(dispatch::Subject subject, const job::Outcome& outcome) const;
  void follow_up(dispatch::Subject subject, const std::vector<TestNumber>& silent, bool answered,
                 const job::Outcome& outcome);
  void take(dispatch::Subject commit, const std::vector<std::pair<TestNumber, Said>>& said);
  void judge_ends(TestNumber test);
  void go_on_from_ends();
  void admit();
  [[nodiscard]] std::optional<Verdict> verdict(TestNumber test, Said said) const;
  void learn(Node commit, const std::map<TestNumber, Verdict>& verdicts);
  void merge_groups();
  void conclude_groups();
  void conclude(const Group& group, const Conclusion& conclusion);
  void confirm(TestNumber test, dispatch::Subject commit, Said said);
  void decide(TestNumber test, Fate fate);
  void settle_found(TestNumber test);
  void name_found(TestNumber test);
  void blame_contradiction(TestNumber test);
  [[nodiscard]] std::vector<Node> testable_parents(Node node) const;

  const CommitGraph* graph_;
  ManyCulpritsOptions options_;
  Questions questions_;
  bool given_ = false;  ///< tests, rather than all there are
  bool without_list_ = false;
  bool ends_asked_ = false;  ///< the good ones
  std::vector<dispatch::Subject> good_ends_;
  std::vector<State> tests_;
  std::vector<Group> groups_;
  std::vector<Execution> executions_;
  std::deque<dispatch::Subject> queue_;
  std::map<dispatch::Subject, std::uint32_t> numbers_;             ///< executions of each commit
  std::map<dispatch::Subject, std::set<TestNumber>> known_there_;  ///< by the commits' lists
  std::map<dispatch::Subject, std::uint32_t> silent_;  ///< executions of each commit that said nothing at all
  std::set<dispatch::Subject> heard_;                  ///< commits that said something
};

}  // namespace nmz::search
