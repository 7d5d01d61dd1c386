// The tests of a search for what broke many of them, and what their runner says of them at each commit.
//
// Between the plan, which knows tests by number and asks what an execution said; the workers, which get the runner's
// commands; and the narrator, which shows logs. Reports are read when the agent has told an execution's end, before the
// plan hears of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/error/result.hpp"
#include "nmz/runner/group_run.hpp"
#include "nmz/runner/runner.hpp"
#include "nmz/search/many_culprits_plan.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::nmzbisect {

class TestRuns {
 public:
  /// `name`: of the runner, for people. `given`: what the user wrote after `--`. `ids`: nothing = the runner's list at
  /// the bad end.
  TestRuns(std::unique_ptr<runner::Runner> runner, std::string name, std::vector<std::string> given,
           std::optional<std::vector<std::string>> ids);

  void time_out_fails() { time_out_fails_ = true; }
  [[nodiscard]] search::ManyCulpritsPlan::Questions questions(const search::ManyCulpritsPlan& plan);
  [[nodiscard]] std::size_t most_together() const { return runner_->most_together(); }
  [[nodiscard]] bool given() const { return given_ids_; }

  /// What is known of an execution's tests beforehand, by test; of `nothing` it runs. Before give().
  void recall(dispatch::Subject execution, std::vector<search::Said> said);
  /// Whether that was so of its test at this place.
  [[nodiscard]] bool recalled(dispatch::Subject execution, std::size_t at) const;

  /// What an execution runs.
  void give(const search::ManyCulpritsPlan& plan, const dispatch::Assign& assignment, wire::Run& run);
  /// What of an execution's output is for its log.
  std::string output(job::JobId job, std::string_view bytes);
  /// It has ended; returns the rest for its log.
  std::string finished(const dispatch::Assign& assignment, const wire::Finished& finished);
  /// All about it has been told.
  void forget(job::JobId job, dispatch::Subject execution);

  [[nodiscard]] const std::vector<std::string>& ids() const { return ids_; }
  [[nodiscard]] const std::string& id(search::TestNumber test) const { return ids_.at(test); }
  /// One line of its failure at a commit; empty where there is none.
  [[nodiscard]] std::string detail(search::TestNumber test, dispatch::Subject commit) const;
  /// Why there is no list, or what the last execution that said nothing ended with.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  struct Heard {
    job::Outcome outcome;
    runner::GroupRun::Ends ends;
    std::string list;
    bool listed = false;
  };
  [[nodiscard]] std::vector<search::Said> answers(const search::ManyCulpritsPlan& plan, dispatch::Subject execution);
  [[nodiscard]] search::Said meaning(const runner::TestEnd& end) const;
  [[nodiscard]] std::vector<search::Said> by_list(const search::ManyCulpritsPlan& plan, dispatch::Subject execution,
                                                  const Heard& heard) const;
  [[nodiscard]] std::optional<std::size_t> take_list(dispatch::Subject execution);

  std::unique_ptr<runner::Runner> runner_;
  std::string name_;
  std::vector<std::string> given_;
  bool given_ids_;
  bool time_out_fails_ = false;
  std::vector<std::string> ids_;
  std::map<job::JobId, runner::GroupRun> under_way_;
  std::map<job::JobId, std::string> listing_;
  std::map<dispatch::Subject, Heard> heard_;
  std::map<dispatch::Subject, std::vector<search::Said>> recalled_;
  std::map<std::pair<search::TestNumber, dispatch::Subject>, std::string> details_;
  std::map<std::string, std::uint32_t, std::less<>> units_;
  std::string mark_;
  std::string trouble_;
};

/// The tests that a file names, one a line ("-": standard input). Errors (misconfigured).
[[nodiscard]] Result<std::vector<std::string>> tests_in(const std::string& file);
/// Those that failed in a run of nmzswarm. Errors (misconfigured, not_found).
[[nodiscard]] Result<std::vector<std::string>> failed_tests_of(const std::string& run);

}  // namespace nmz::nmzbisect
