#include "reporter.hpp"

#include <optional>

#include <fmt/format.h>

#include "nmz/job/outcome.hpp"

namespace nmz::nmzbisect {
namespace {

constexpr std::size_t short_id = 12;

}  // namespace

Reporter::Reporter(const search::ConfirmedPlan& plan, std::function<Named(dispatch::Subject)> names, logs::LogStore& logs,
                   Words words)
    : plan_{plan}, names_{std::move(names)}, logs_{logs}, words_{std::move(words)} {}

view::Seconds Reporter::elapsed() const { return std::chrono::steady_clock::now() - began_; }

view::Seconds Reporter::mean_job() const {
  return counts_.all() == 0 ? view::Seconds{0} : worked_ / static_cast<double>(counts_.all());
}

void Reporter::show(const view::Event& event) {
  const view::Seconds now = elapsed();
  for (view::View* view : views_) view->show(event, now);
}

void Reporter::assigned(const dispatch::Assign& assignment) {
  view::JobStarted started;
  started.worker = assignment.worker;
  started.job = assignment.job;
  started.attempt = assignment.attempt;
  started.commit = names_(assignment.subject).id.hex();
  assigned_at_[assignment.job] = elapsed();
  show(started);
}

void Reporter::log(const dispatch::Assign& assignment, std::string_view bytes) {
  logs_.append(assignment.job, names_(assignment.subject).id.hex(), assignment.attempt, bytes);
  show_trouble();
}

void Reporter::show_trouble() {
  if (std::string trouble = logs_.take_trouble(); !trouble.empty()) show(view::Notice{std::move(trouble)});
}

std::pair<view::Mark, std::string> Reporter::mark(const dispatch::Ended& ended) const {
  switch (ended.fate) {
    case dispatch::Ended::Fate::retried:
    case dispatch::Ended::Fate::disturbed:
      return {view::Mark::retried, "retry"};
    case dispatch::Ended::Fate::cancelled:
    case dispatch::Ended::Fate::returned:  // neither comes up in a search
    case dispatch::Ended::Fate::spare:
      return {view::Mark::cancelled, "cancelled"};
    case dispatch::Ended::Fate::late:
      return {view::Mark::late, "late"};
    case dispatch::Ended::Fate::counted:
      break;
  }
  const std::optional<search::Verdict> verdict = plan_.verdict(ended.subject);
  if (!verdict && !plan_.finished()) return {view::Mark::cancelled, "cancelled"};  // its search is over
  if (!verdict) return {view::Mark::skip, "stop"};  // the command's way to end the search
  switch (*verdict) {
    case search::Verdict::good:
      return {view::Mark::good, words_.good};
    case search::Verdict::bad:
      return {view::Mark::bad, words_.bad};
    case search::Verdict::skip:
      break;
  }
  return {view::Mark::skip, "skip"};
}

void Reporter::count(const Named& named, search::Verdict verdict) {
  git::BisectLogEntry entry;
  entry.id = named.id;
  entry.subject = named.subject;
  entry.merge_base = named.merge_base;
  switch (verdict) {
    case search::Verdict::good:
      entry.word = git::BisectLogEntry::Word::good;
      ++counts_.good;
      break;
    case search::Verdict::bad:
      entry.word = git::BisectLogEntry::Word::bad;
      ++counts_.bad;
      break;
    case search::Verdict::skip:
      entry.word = git::BisectLogEntry::Word::skip;
      ++counts_.skip;
      break;
  }
  verdicts_.push_back(std::move(entry));
}

void Reporter::ended(const dispatch::Ended& ended) {
  const Named named = names_(ended.subject);
  const auto [mark_seen, word] = mark(ended);
  const bool keep = ended.fate == dispatch::Ended::Fate::counted || ended.fate == dispatch::Ended::Fate::retried;
  view::JobDone done;
  done.worker = ended.worker;
  done.job = ended.job;
  done.attempt = ended.attempt;
  done.commit = named.id.hex();
  done.subject = named.subject;
  done.mark = mark_seen;
  done.word = word;
  done.detail = job::describe(ended.outcome);
  done.took = ended.took;
  done.log = logs_.close(ended.job, done.commit, ended.attempt, keep);
  show_trouble();
  const bool counted = ended.fate == dispatch::Ended::Fate::counted;
  const std::optional<search::Verdict> verdict = plan_.verdict(ended.subject);
  const auto assigned = assigned_at_.extract(ended.job);
  if (counted && verdict) {
    count(named, *verdict);
    if (plan_.last_confirms()) verdicts_.pop_back();  // it is known
    if (!assigned.empty()) worked_ += elapsed() - assigned.mapped();
  }
  if (counted) show_progress();
  show(done);
  show_stage(named, word);
}

void Reporter::show_stage(const Named& tested, const std::string& word) {
  using Stage = search::ConfirmedPlan::Stage;
  const Stage before = std::exchange(stage_, plan_.stage());
  if (before == stage_) return;
  if (stage_ == Stage::confirming) {
    return show(view::Notice{"tests could have disturbed each other unnoticed: the answer is tested once more, with "
                             "nothing beside it (--no-confirm leaves that out)"});
  }
  verdicts_.clear();
  const std::string why =
      before == Stage::confirming
          ? fmt::format("with nothing beside it {} tests as {}", tested.id.hex().substr(0, short_id), word)
          : "the verdicts contradict each other";
  show(view::Notice{"tests have disturbed each other (" + why + "): the search is repeated, one test at a time"});
}

void Reporter::collided(const dispatch::Collided& collided) {
  show(view::Notice{fmt::format("the tests of {} and {} took {} at the same time: both are tested again, and from now "
                                "on one test runs at a time",
                                names_(collided.subject).id.hex().substr(0, short_id),
                                names_(collided.other).id.hex().substr(0, short_id), collided.what.name)});
}

void Reporter::show_progress() {
  view::Progress progress;
  progress.candidates_left = plan_.candidates_left();
  progress.tests = counts_.all();
  progress.rounds_left = plan_.rounds_left();
  progress.expected_left = mean_job() * progress.rounds_left;
  show(progress);
}

void Reporter::given_up(const dispatch::GivenUp& given_up) {
  view::WorkerGone gone;
  gone.worker = given_up.worker;
  gone.reason = given_up.reason;
  gone.restarting = given_up.restarting;
  gone.makes_room = given_up.makes_room;
  show(gone);
}

void Reporter::tick() { show(view::Tick{}); }

}  // namespace nmz::nmzbisect
