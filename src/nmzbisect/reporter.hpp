// The narrator of a search: turns what the coordinator observes into events, and keeps the logs and the list of
// verdicts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nmz/coordinator/observer.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/git/bisect_log.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/search/search_plan.hpp"

namespace nmz::nmzbisect {

class Memory;
struct Remembered;

/// A subject for people: which commit, and the first line of its message.
struct Named {
  git::CommitId id;
  std::string subject;
  bool merge_base = false;  ///< tested only because the range needs it to be good
};

/// The end of an execution as an event: without its log, and without what is left.
[[nodiscard]] events::JobEnded ended_as(const dispatch::Ended& ended, const Named& named,
                                        std::pair<events::Mark, std::string> meaning);

class Reporter final : public coordinator::Observer {
 public:
  struct Words {
    std::string good;
    std::string bad;
  };
  struct Counts {
    std::size_t good = 0;
    std::size_t bad = 0;
    std::size_t skip = 0;
    std::size_t known = 0;  ///< before, and not tested
    [[nodiscard]] std::size_t all() const { return good + bad + skip; }
  };

  /// A verdict, as the search was told it.
  struct Told {
    dispatch::Subject commit = 0;
    search::Verdict verdict = search::Verdict::good;
    std::optional<std::chrono::system_clock::time_point> known;  ///< when, where it was not tested now
  };

  /// `names` gives a subject's commit and message line; called on the coordinator's thread, must be quick.
  Reporter(const search::SearchPlan& plan, std::function<Named(dispatch::Subject)> names, logs::LogStore& logs,
           Words words);

  /// What tests say is kept there.
  void keep_in(Memory& memory) { memory_ = &memory; }
  /// Called with the path of the log of each test that is bad.
  void when_bad(std::function<void(const std::string&)> told) { when_bad_ = std::move(told); }
  void add(events::Consumer& consumer) { stream_.add(consumer); }
  void show(const events::Event& event) { stream_.show(event); }
  /// The plan is a new one, and what was found out so far does not count.
  void begin_again();

  /// The plan was told this without a test.
  void known(dispatch::Subject subject, const Remembered& remembered);

  void worker_ready(job::WorkerId worker, const wire::Welcome& welcome) override;
  void started(const dispatch::Assign& assignment, job::Phase phase) override;
  void assigned(const dispatch::Assign& assignment) override;
  void log(const dispatch::Assign& assignment, std::string_view bytes) override;
  void ended(const dispatch::Ended& ended) override;
  void given_up(const dispatch::GivenUp& given_up) override;
  void resized(const dispatch::Resized& resized) override;
  void collided(const dispatch::Collided& collided) override;
  void tick() override;

  [[nodiscard]] const std::vector<git::BisectLogEntry>& verdicts() const { return verdicts_; }
  [[nodiscard]] const std::vector<Told>& told() const { return told_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Of the last test of the commit that gave a verdict, or of the last that failed where it may fail at times; empty
  /// when there is none.
  [[nodiscard]] std::string log_of(dispatch::Subject subject) const;
  /// After a change of their number; 0 = there was none.
  [[nodiscard]] std::uint32_t most_workers() const { return most_workers_; }
  [[nodiscard]] events::Seconds elapsed() const { return stream_.elapsed(); }

 private:
  /// How long a job that gave a verdict took from when it was handed out, with its tree and its build, beside the
  /// others: what a round lasts. 0 when there was none.
  [[nodiscard]] events::Seconds mean_job() const;
  void list(const Named& named, search::Verdict verdict);
  void count(search::Verdict verdict);
  void show_trouble();
  [[nodiscard]] events::Progress progress() const;
  void show_good_end(const Named& tested);
  void show_stage(const Named& tested, const std::string& word);
  void show_contradiction();
  void keep_log(dispatch::Subject subject, const std::string& log);
  [[nodiscard]] std::string log_name(dispatch::Subject subject) const;
  [[nodiscard]] std::pair<events::Mark, std::string> mark(const dispatch::Ended& ended) const;
  [[nodiscard]] std::pair<events::Mark, std::string> mark(search::Verdict verdict) const;

  const search::SearchPlan& plan_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::function<Named(dispatch::Subject)> names_;
  logs::LogStore& logs_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Words words_;
  Memory* memory_ = nullptr;  ///< null: nothing is kept
  std::function<void(const std::string&)> when_bad_;
  events::Stream stream_;
  std::vector<git::BisectLogEntry> verdicts_;
  std::vector<Told> told_;
  Counts counts_;
  std::map<dispatch::Subject, std::string> kept_logs_;
  search::ConfirmedPlan::Stage stage_ = search::ConfirmedPlan::Stage::searching;
  bool noisy_ = false;       ///< the search was a noisy one before the last verdict
  bool retreating_ = false;  ///< before the last verdict
  std::map<job::JobId, events::Seconds> assigned_at_;
  std::uint32_t most_workers_ = 0;
  events::Seconds worked_{0};  ///< by the jobs that gave a verdict
};

}  // namespace nmz::nmzbisect
