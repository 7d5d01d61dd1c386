// Whether an answer can be trusted: what it claims, tested again.
//
// "This is the first bad commit" claims that it is bad, that each parent is good, and, where it can be taken back, that
// the bad end is good without it. Each claim is tested some times, with nothing left of the tests that led to the
// answer: the caller gives every trial a fresh tree. A test that is never wrong contradicts a claim with one verdict.
// Of one that is known to be wrong at times a claim is tested until the verdicts are 20 times as probable if it holds
// as if it does not, or the other way round (Wald's sequential test), and given up after ten times as many tests.
//
// Claims are spread over the workers at the beginning; afterwards a worker that is free goes on with the claim that it
// has just tested, because a commit that follows itself in a tree need not be laid out and built again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/search/bisect_plan.hpp"

namespace nmz::search {

struct ProofOptions {
  ProofOptions() = default;
  /// How often the test is wrong; nothing: never.
  struct Rates {
    double false_failure = 0;
    double false_pass = 0;
  };
  std::optional<Rates> rates;
  TimeoutMeans timeout_means = TimeoutMeans::skip;
  bool matching = false;  ///< as BisectOptions has them
  bool find_fix = false;
  bool one_at_a_time = false;
};

struct Claim {
  enum class State : std::uint8_t {
    open,
    held,
    failed,
    untestable,  ///< no verdict can be had
    undecided,   ///< a flaky test's verdicts do not tell
  };
  bool bad = false;       ///< what the commit is claimed to be
  std::size_t times = 1;  ///< how often it is tested at least
  State state = State::open;
  std::size_t right = 0;
  std::size_t wrong = 0;
  std::size_t skipped = 0;
  job::Outcome outcome;  ///< the last one that was not right
};

class ProofPlan final : public dispatch::Plan {
 public:
  ProofPlan(std::vector<Claim> claims, const ProofOptions& options);

  std::vector<dispatch::Subject> next(std::size_t count) override;
  void record(dispatch::Subject trial, const job::Outcome& outcome) override;
  void give_back(dispatch::Subject trial) override;
  [[nodiscard]] std::vector<dispatch::Subject> pointless() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool one_at_a_time() const override { return options_.one_at_a_time; }
  void serialise() override { options_.one_at_a_time = true; }

  [[nodiscard]] const std::vector<Claim>& claims() const { return claims_; }
  /// What a subject is a trial of: the claim's position, and its number from 1.
  [[nodiscard]] std::size_t claim_of(dispatch::Subject trial) const { return trials_.at(trial).claim; }
  [[nodiscard]] std::uint32_t number_of(dispatch::Subject trial) const { return trials_.at(trial).number; }
  [[nodiscard]] std::optional<Verdict> verdict(dispatch::Subject trial) const { return trials_.at(trial).verdict; }

 private:
  struct Trial {
    std::size_t claim = 0;
    std::uint32_t number = 1;
    std::optional<Verdict> verdict;
  };

  [[nodiscard]] std::size_t running(std::size_t claim) const;
  [[nodiscard]] bool wants_more(std::size_t claim) const;
  [[nodiscard]] std::optional<std::size_t> choose();
  void take_skip(Claim& claim, const job::Outcome& outcome) const;
  void judge(Claim& claim) const;
  [[nodiscard]] double log_odds(const Claim& claim) const;

  std::vector<Claim> claims_;
  ProofOptions options_;
  std::vector<std::uint32_t> begun_;  ///< by claim
  std::vector<Trial> trials_;
  std::vector<dispatch::Subject> running_;
  std::deque<dispatch::Subject> returned_;
  std::deque<std::size_t> tested_;  ///< claims whose workers have just become free
};

}  // namespace nmz::search
