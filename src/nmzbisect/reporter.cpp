#include "reporter.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "nmz/job/outcome.hpp"

#include "memory.hpp"

namespace nmz::nmzbisect {
namespace {

constexpr std::size_t short_id = 12;

/// In the most probable answer of a noisy search; 0 of any other.
double confidence(const search::SearchPlan& plan) {
  if (plan.noisy() == nullptr) return 0;
  const search::Posterior& posterior = plan.noisy()->posterior();
  const std::optional<search::Node> best = posterior.best();
  return best ? posterior.believed(posterior.share(*best)) : 0;
}

}  // namespace

Reporter::Reporter(const search::SearchPlan& plan, std::function<Named(dispatch::Subject)> names, logs::LogStore& logs,
                   Words words)
    : plan_{plan},
      names_{std::move(names)},
      logs_{logs},
      words_{std::move(words)},
      noisy_{plan.noisy() != nullptr},
      retreating_{plan.retreating()} {}

void Reporter::begin_again() {
  verdicts_.clear();
  told_.clear();
  counts_ = {};
  stage_ = plan_.stage();
  noisy_ = plan_.noisy() != nullptr;
  retreating_ = plan_.retreating();
}

events::Seconds Reporter::mean_job() const {
  return counts_.all() == 0 ? events::Seconds{0} : worked_ / static_cast<double>(counts_.all());
}

void Reporter::worker_ready(job::WorkerId worker, const wire::Welcome& welcome) {
  show(events::WorkerReady{worker, welcome.node});
}

void Reporter::assigned(const dispatch::Assign& assignment) {
  events::JobAssigned assigned;
  assigned.worker = assignment.worker;
  assigned.job = assignment.job;
  assigned.attempt = assignment.attempt;
  assigned.item = names_(assignment.subject).id.hex();
  assigned_at_[assignment.job] = elapsed();
  show(assigned);
}

void Reporter::started(const dispatch::Assign& assignment, job::Phase phase) {
  events::PhaseStarted started;
  started.worker = assignment.worker;
  started.job = assignment.job;
  started.attempt = assignment.attempt;
  started.item = names_(assignment.subject).id.hex();
  started.phase = phase;
  show(started);
}

void Reporter::log(const dispatch::Assign& assignment, std::string_view bytes) {
  logs_.append(assignment.job, log_name(assignment.subject), assignment.attempt, bytes);
  show_trouble();
  show(events::Output{assignment.job, std::string{bytes}});
}

/// Each execution of a commit has a log of its own, also where several go on at once.
std::string Reporter::log_name(dispatch::Subject subject) const {
  const std::uint32_t number = plan_.number_of(subject);
  return names_(subject).id.hex() + (number > 1 ? ".run-" + std::to_string(number) : "");
}

void Reporter::keep_log(dispatch::Subject subject, const std::string& log) {
  const dispatch::Subject commit = plan_.commit_of(subject);
  const bool passing = plan_.noisy() != nullptr && plan_.verdict(subject) != search::Verdict::bad;
  if (passing && kept_logs_.contains(commit)) return;
  kept_logs_[commit] = log;
}

std::string Reporter::log_of(dispatch::Subject subject) const {
  const auto found = kept_logs_.find(subject);
  return found == kept_logs_.end() ? std::string{} : found->second;
}

void Reporter::show_trouble() {
  if (std::string trouble = logs_.take_trouble(); !trouble.empty()) show(events::Notice{std::move(trouble)});
}

std::pair<events::Mark, std::string> Reporter::mark(const dispatch::Ended& ended) const {
  switch (ended.fate) {
    case dispatch::Ended::Fate::retried:
    case dispatch::Ended::Fate::disturbed:
      return {events::Mark::retried, "retry"};
    case dispatch::Ended::Fate::cancelled:
    case dispatch::Ended::Fate::returned:  // neither comes up in a search
    case dispatch::Ended::Fate::spare:
      return {events::Mark::cancelled, "cancelled"};
    case dispatch::Ended::Fate::late:
      return {events::Mark::late, "late"};
    case dispatch::Ended::Fate::counted:
      break;
  }
  const std::optional<search::Verdict> verdict = plan_.verdict(ended.subject);
  if (!verdict && !plan_.finished()) return {events::Mark::cancelled, "cancelled"};  // its search is over
  if (!verdict) return {events::Mark::stopped, "stop"};  // the command's way to end the search
  return mark(*verdict);
}

std::pair<events::Mark, std::string> Reporter::mark(search::Verdict verdict) const {
  switch (verdict) {
    case search::Verdict::good:
      return {events::Mark::passed, words_.good};
    case search::Verdict::bad:
      return {events::Mark::failed, words_.bad};
    case search::Verdict::skip:
      break;
  }
  return {events::Mark::skipped, "skip"};
}

void Reporter::known(dispatch::Subject subject, const Remembered& remembered) {
  const std::optional<search::Verdict> verdict = plan_.verdict(subject);
  if (!verdict) return;
  const Named named = names_(subject);
  ++counts_.known;
  list(named, *verdict);
  told_.push_back({plan_.commit_of(subject), *verdict, remembered.verdict.when});
  keep_log(subject, remembered.verdict.log);
  events::VerdictKnown event;
  event.item = named.id.hex();
  event.subject = named.subject;
  std::tie(event.mark, event.word) = mark(*verdict);
  event.unix_time = remembered.verdict.when.time_since_epoch();
  event.own = remembered.own;
  event.log = remembered.verdict.log;
  event.left = plan_.candidates_left();
  show(event);
  show_good_end(named);
  show_contradiction();
}

void Reporter::count(search::Verdict verdict) {
  ++(verdict == search::Verdict::good ? counts_.good : verdict == search::Verdict::bad ? counts_.bad : counts_.skip);
}

void Reporter::list(const Named& named, search::Verdict verdict) {
  git::BisectLogEntry entry;
  entry.id = named.id;
  entry.subject = named.subject;
  entry.merge_base = named.merge_base;
  switch (verdict) {
    case search::Verdict::good:
      entry.word = git::BisectLogEntry::Word::good;
      break;
    case search::Verdict::bad:
      entry.word = git::BisectLogEntry::Word::bad;
      break;
    case search::Verdict::skip:
      entry.word = git::BisectLogEntry::Word::skip;
      break;
  }
  verdicts_.push_back(std::move(entry));
}

events::JobEnded ended_as(const dispatch::Ended& ended, const Named& named,
                          std::pair<events::Mark, std::string> meaning) {
  events::JobEnded done;
  done.worker = ended.worker;
  done.job = ended.job;
  done.attempt = ended.attempt;
  done.item = named.id.hex();
  done.subject = named.subject;
  done.mark = meaning.first;
  done.word = std::move(meaning.second);
  done.outcome = job::classify(ended.outcome);
  done.detail = job::describe(ended.outcome);
  done.took = ended.took;
  return done;
}

void Reporter::ended(const dispatch::Ended& ended) {
  if (ended.attempt == 0) return;  // it never was
  const Named named = names_(ended.subject);
  const bool keep = ended.fate == dispatch::Ended::Fate::counted || ended.fate == dispatch::Ended::Fate::retried;
  events::JobEnded done = ended_as(ended, named, mark(ended));
  done.log = logs_.close(ended.job, log_name(ended.subject), ended.attempt, keep);
  show_trouble();
  const bool counted = ended.fate == dispatch::Ended::Fate::counted;
  if (counted) keep_log(ended.subject, done.log);
  const std::optional<search::Verdict> verdict = plan_.verdict(ended.subject);
  const auto assigned = assigned_at_.extract(ended.job);
  if (counted && verdict) {
    count(*verdict);
    told_.push_back({plan_.commit_of(ended.subject), *verdict, std::nullopt});
    if (!plan_.last_confirms()) list(named, *verdict);  // else it is known
    if (when_bad_ && *verdict == search::Verdict::bad) when_bad_(done.log);
    if (!assigned.empty()) worked_ += elapsed() - assigned.mapped();
  }
  const events::Progress now = progress();
  done.left = now.left;
  done.expected_left = now.expected_left;
  done.confidence = confidence(plan_);
  if (counted) show(now);
  show(done);
  show_good_end(named);
  show_stage(named, done.word);
  show_contradiction();
  // After a new stage has taken back what was kept.
  if (memory_ == nullptr || !counted || !verdict || plan_.last_confirms()) return;
  memory_->keep(ended, done.log);
  if (std::string trouble = memory_->take_trouble(); !trouble.empty()) show(events::Notice{std::move(trouble)});
}

void Reporter::show_contradiction() {
  if (std::exchange(noisy_, plan_.noisy() != nullptr) == noisy_ || !plan_.contradiction()) return;
  const Named bad = names_(plan_.contradiction()->bad);
  const Named good = names_(plan_.contradiction()->good);
  const std::string bad_id = bad.id.hex().substr(0, short_id);
  const std::string good_id = good.id.hex().substr(0, short_id);
  const std::string what = bad.id == good.id
                               ? fmt::format("{} tests as {} and as {}", bad_id, words_.bad, words_.good)
                               : fmt::format("{} tests as {}, {} as {}, and no single first {} commit explains both",
                                             bad_id, words_.bad, good_id, words_.good, words_.bad);
  show(events::Notice{"the verdicts contradict each other (" + what +
                      "): the test is flaky, and the search goes on with repeated tests, learning how often it is "
                      "wrong (--flaky)"});
}

void Reporter::show_good_end(const Named& tested) {
  const bool found = std::exchange(retreating_, plan_.retreating()) && !retreating_;
  if (!found || plan_.finished()) return;
  show(events::Notice{fmt::format("{} is {}, and the {} end now: the search goes on between, {} candidates",
                                  tested.id.hex().substr(0, short_id), words_.good, words_.good,
                                  plan_.candidates_left())});
}

void Reporter::show_stage(const Named& tested, const std::string& word) {
  using Stage = search::ConfirmedPlan::Stage;
  const Stage before = std::exchange(stage_, plan_.stage());
  if (before == stage_ || plan_.noisy() != nullptr) return;
  if (stage_ == Stage::confirming) {
    return show(
        events::Notice{"tests could have disturbed each other unnoticed: the answer is tested once more, with "
                       "nothing beside it (--no-confirm leaves that out)"});
  }
  verdicts_.clear();
  told_.clear();
  if (memory_ != nullptr) memory_->take_back();
  const std::string why = before == Stage::confirming ? fmt::format("with nothing beside it {} tests as {}",
                                                                    tested.id.hex().substr(0, short_id), word)
                                                      : "the verdicts contradict each other";
  show(events::Notice{"tests have disturbed each other (" + why + "): the search is repeated, one test at a time"});
}

void Reporter::collided(const dispatch::Collided& collided) {
  show(
      events::Notice{fmt::format("the tests of {} and {} took {} at the same time: both are tested again, and from now "
                                 "on one test runs at a time",
                                 names_(collided.subject).id.hex().substr(0, short_id),
                                 names_(collided.other).id.hex().substr(0, short_id), collided.what.name)});
}

events::Progress Reporter::progress() const {
  events::Progress progress;
  progress.left = plan_.candidates_left();
  progress.tests = counts_.all();
  progress.rounds_left = plan_.rounds_left();
  progress.expected_left = mean_job() * progress.rounds_left;
  return progress;
}

void Reporter::given_up(const dispatch::GivenUp& given_up) {
  events::WorkerGone gone;
  gone.worker = given_up.worker;
  gone.reason = given_up.reason;
  gone.restarting = given_up.restarting;
  gone.makes_room = given_up.makes_room;
  show(gone);
}

void Reporter::resized(const dispatch::Resized& resized) {
  most_workers_ = std::max(most_workers_, resized.workers);
  show(events::Notice{describe(resized)});
}

void Reporter::tick() { show(events::Tick{}); }

}  // namespace nmz::nmzbisect
