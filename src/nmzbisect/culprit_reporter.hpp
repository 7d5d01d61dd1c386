// The narrator of a search for what broke many tests: an execution is a commit, and its tests have verdicts of their
// own.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "nmz/coordinator/observer.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/search/many_culprits_plan.hpp"

#include "remembered_tests.hpp"
#include "reporter.hpp"
#include "test_runs.hpp"

namespace nmz::nmzbisect {

class CulpritReporter final : public coordinator::Observer {
 public:
  /// `names` is of commits.
  CulpritReporter(const search::ManyCulpritsPlan& plan, TestRuns& tests, std::function<Named(dispatch::Subject)> names,
                  logs::LogStore& logs, Reporter::Words words);

  void add(events::Consumer& consumer) { stream_.add(consumer); }
  void show(const events::Event& event) { stream_.show(event); }

  void worker_ready(job::WorkerId worker, const wire::Welcome& welcome) override;
  void assigned(const dispatch::Assign& assignment) override;
  void started(const dispatch::Assign& assignment, job::Phase phase) override;
  void log(const dispatch::Assign& assignment, std::string_view bytes) override;
  void finished(const dispatch::Assign& assignment, const wire::Finished& finished) override;
  void ended(const dispatch::Ended& ended) override;
  void given_up(const dispatch::GivenUp& given_up) override;
  void resized(const dispatch::Resized& resized) override;
  void collided(const dispatch::Collided& collided) override;
  void tick() override;

  /// Called with each execution that counts, when it has ended, and its log.
  void on_counted(std::function<void(const dispatch::Ended&, const std::string&)> counted) {
    counted_ = std::move(counted);
  }
  /// What is remembered, and not tested.
  void known(const RememberedTests::Recalled& recalled);

  [[nodiscard]] const Reporter::Counts& counts() const { return counts_; }
  /// Of the last execution of a commit; empty when there is none.
  [[nodiscard]] std::string log_of(dispatch::Subject commit) const;
  [[nodiscard]] std::uint32_t most_workers() const { return most_workers_; }
  [[nodiscard]] events::Seconds elapsed() const { return stream_.elapsed(); }

 private:
  struct Said {
    events::TestsTold told;
    std::size_t nothing = 0;
  };
  [[nodiscard]] Named name(dispatch::Subject execution) const { return names_(plan_.commit_of(execution)); }
  [[nodiscard]] std::string log_name(dispatch::Subject execution) const;
  [[nodiscard]] Said said(const dispatch::Ended& ended) const;
  static void sort(const std::string& test, search::Said what, Said& said);
  void describe_tests(const dispatch::Ended& ended, const Said& said, events::JobEnded& done);
  void show_trouble();
  [[nodiscard]] events::Progress progress() const;

  const search::ManyCulpritsPlan& plan_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  TestRuns& tests_;                       // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::function<Named(dispatch::Subject)> names_;
  logs::LogStore& logs_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Reporter::Words words_;
  std::function<void(const dispatch::Ended&, const std::string&)> counted_;
  events::Stream stream_;
  Reporter::Counts counts_;
  std::map<dispatch::Subject, std::string> kept_logs_;
  std::map<job::JobId, events::Seconds> assigned_at_;
  events::Seconds worked_{0};
  std::uint32_t most_workers_ = 0;
};

}  // namespace nmz::nmzbisect
