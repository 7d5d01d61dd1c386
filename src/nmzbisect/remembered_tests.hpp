// A search for what broke many tests of which not all need to run: what is remembered of them at a commit is its
// answer.
//
// The search chooses as ever and knows nothing of memory. Of an execution that it asks for only those tests run of
// which nothing is remembered; where all are known it does not run at all, and what it would have said is told at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/search/many_culprits_plan.hpp"

#include "test_memory.hpp"
#include "test_runs.hpp"

namespace nmz::nmzbisect {

class RememberedTests final : public dispatch::Plan {
 public:
  /// All outlive it. `graph`: the plan's.
  RememberedTests(search::ManyCulpritsPlan& plan, TestRuns& tests, TestMemory& memory, const search::CommitGraph& graph)
      : plan_{plan}, tests_{tests}, memory_{memory}, graph_{graph} {}

  /// What is known of some tests at a commit.
  struct Recalled {
    Recalled() = default;
    dispatch::Subject commit = 0;
    TestMemory::Known known;  ///< of one of them that has failed, else of the last one
    std::vector<std::pair<search::TestNumber, search::Said>> said;
  };

  /// Everything that can be known before anything runs.
  void absorb();
  /// Told of what is recalled, also of what was so far; after the plan.
  using Told = std::function<void(const Recalled&)>;
  void tell(Told told);
  /// Commits of which something was.
  [[nodiscard]] std::size_t known() const;
  [[nodiscard]] bool goes_on() const { return own_; }
  /// An execution has ended and counts: what it has said is kept.
  void keep(dispatch::Subject execution, const job::Outcome& outcome, const std::string& log);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject execution, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject execution) override { plan_.give_back(execution); }
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override { return plan_.pointless(); }
  [[nodiscard]] bool one_at_a_time() const override { return plan_.one_at_a_time(); }
  void serialise() override { plan_.serialise(); }
  void work_with(std::size_t workers) override { plan_.work_with(workers); }
  [[nodiscard]] bool take_news() override { return std::exchange(news_, false); }
  [[nodiscard]] bool finished() const override { return plan_.finished(); }

 private:
  using Place = std::pair<search::TestNumber, dispatch::Subject>;  ///< a test at a commit
  struct Fresh {
    search::TestNumber test = 0;
    std::uint32_t number = 1;
    search::Said said = search::Said::nothing;
  };
  bool look_up(dispatch::Subject execution, Recalled& recalled);
  std::optional<TestMemory::Known> find(search::TestNumber test, dispatch::Subject commit);
  void told(Recalled recalled);
  void learn_all();
  void count(dispatch::Subject execution);

  search::ManyCulpritsPlan& plan_;    // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  TestRuns& tests_;                   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  TestMemory& memory_;                // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  const search::CommitGraph& graph_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Told told_;
  std::vector<Recalled> known_;
  std::set<search::TestNumber> learnt_;
  std::map<Place, std::uint32_t> runs_;  ///< executions that have said something
  std::map<dispatch::Subject, std::vector<Fresh>> fresh_;
  bool own_ = false;
  bool news_ = false;
};

}  // namespace nmz::nmzbisect
