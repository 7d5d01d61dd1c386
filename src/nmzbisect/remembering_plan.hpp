// A search whose tests need not all be run: what is remembered of a commit that is to be tested is its outcome.
//
// The search chooses as ever, knows nothing of memory, and is told what it would have been told by a worker; only
// sooner. So whatever holds of a search holds of one that remembers. What is remembered is looked up when a commit is
// about to be handed out, hence another search's verdict counts until the last moment.
//
// Where it turns out that what others have found contradicts what the tests say now (the machine has changed, or the
// test is flaky), the search ends here as spoilt(), and is to be done again without them.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/search/search_plan.hpp"

#include "memory.hpp"

namespace nmz::nmzbisect {

class RememberingPlan final : public dispatch::Plan {
 public:
  /// Both outlive it.
  RememberingPlan(search::SearchPlan& plan, Memory& memory) : plan_{plan}, memory_{memory} {}

  /// Everything that is remembered. What is not found by going through the range is what so many workers would test.
  void absorb(std::size_t workers);
  /// Told of each verdict that is remembered, also of those so far; after the plan.
  using Told = std::function<void(dispatch::Subject, const Remembered&)>;
  void tell(Told told);

  /// How many verdicts were remembered.
  [[nodiscard]] std::size_t known() const { return known_.size(); }
  [[nodiscard]] bool used_others() const { return used_others_; }
  [[nodiscard]] bool used_own() const { return used_own_; }
  /// Whether anything was tested.
  [[nodiscard]] bool tested() const { return tested_; }
  [[nodiscard]] bool spoilt() const { return spoilt_; }

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject subject, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject subject) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool one_at_a_time() const override { return plan_.one_at_a_time(); }
  void serialise() override { plan_.serialise(); }
  void work_with(std::size_t workers) override { plan_.work_with(workers); }
  [[nodiscard]] bool take_news() override { return std::exchange(news_, false); }
  [[nodiscard]] bool finished() const override { return spoilt_ || plan_.finished(); }

 private:
  using Known = std::pair<dispatch::Subject, Remembered>;
  using Telling = void (search::SearchPlan::*)(dispatch::Subject, const job::Outcome&);
  void remember(const Known& known, Telling telling);
  void tell_plan(dispatch::Subject subject, const job::Outcome& outcome, Telling telling);

  search::SearchPlan& plan_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Memory& memory_;            // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Told told_;
  std::vector<Known> known_;
  std::vector<dispatch::Subject> running_;
  bool used_others_ = false;
  bool used_own_ = false;
  bool tested_ = false;
  bool spoilt_ = false;
  bool news_ = false;
};

}  // namespace nmz::nmzbisect
