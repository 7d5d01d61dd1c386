// The narrator of a proof: as a search's, but what is tested are claims, and there is nothing left to find.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nmz/coordinator/observer.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/search/proof_plan.hpp"

#include "reporter.hpp"

namespace nmz::nmzbisect {

class ProofReporter final : public coordinator::Observer {
 public:
  /// A claim's commit, and what its logs are called.
  struct Item {
    Named named;
    std::string log;
  };

  /// `items`: of the plan's claims.
  ProofReporter(const search::ProofPlan& plan, std::vector<Item> items, Reporter& of_search, logs::LogStore& logs,
                Reporter::Words words)
      : plan_{plan}, items_{std::move(items)}, of_search_{of_search}, logs_{logs}, words_{std::move(words)} {}

  void worker_ready(job::WorkerId worker, const wire::Welcome& welcome) override;
  void assigned(const dispatch::Assign& assignment) override;
  void started(const dispatch::Assign& assignment, job::Phase phase) override;
  void log(const dispatch::Assign& assignment, std::string_view bytes) override;
  void ended(const dispatch::Ended& ended) override;
  void given_up(const dispatch::GivenUp& given_up) override { of_search_.given_up(given_up); }
  void resized(const dispatch::Resized& resized) override { of_search_.resized(resized); }
  void tick() override { of_search_.tick(); }

 private:
  [[nodiscard]] const Item& item(dispatch::Subject trial) const { return items_.at(plan_.claim_of(trial)); }
  [[nodiscard]] std::string log_name(dispatch::Subject trial) const;
  [[nodiscard]] std::pair<events::Mark, std::string> mark(const dispatch::Ended& ended) const;

  const search::ProofPlan& plan_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::vector<Item> items_;
  Reporter& of_search_;   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  logs::LogStore& logs_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Reporter::Words words_;
};

}  // namespace nmz::nmzbisect
