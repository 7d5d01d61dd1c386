#include "memory.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "nmz/installation/user_directories.hpp"
#include "nmz/output/local_time.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::system_clock;
using history::Said;
constexpr std::chrono::hours longest{30 * 24};
constexpr std::chrono::milliseconds patience{500};

/// What the test itself said; nothing for what was lost, ran out of time or says more about the machine.
std::optional<Said> said_in(const job::Outcome& outcome) {
  constexpr std::int64_t skip = 125;
  constexpr std::int64_t lowest_crash = 128;
  if (outcome.disk_full) return std::nullopt;
  if (outcome.kind == job::OutcomeKind::build_failed) {
    return outcome.code < lowest_crash ? std::optional{Said::not_built} : std::nullopt;
  }
  if (job::passed(outcome)) return Said::passed;
  if (job::classify(outcome) != job::Class::failed || outcome.kind == job::OutcomeKind::not_started) {
    return std::nullopt;
  }
  const std::int64_t status = job::shell_status(outcome);
  if (status == skip) return Said::skipped;
  if (status == skip + 1 || status == skip + 2) return std::nullopt;  // the command may be what is missing
  return outcome.matched ? Said::failed : Said::skipped;
}

Error unreadable(const Error& error) { return {error.kind, "earlier verdicts are not known: " + error.message}; }

/// The command as one types it.
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

bool blames_a_commit(const std::string& result) {
  constexpr std::string_view those[] = {"found", "only-skipped", "not-confident", "no-culprit"};
  return std::ranges::find(those, result) != std::end(those);
}

}  // namespace

Memory::Memory(const Search& search, const site::Site& site, const wire::Run& command, const Inputs& inputs)
    : search_{&search}, question_{search, site, command, inputs} {
  const Options& options = search.options;
  if (options.no_cache || (options.single && !options.recall)) return;
  const Result<fs::path> place = installation::data_directory();
  if (place) {
    place_ = *place;
    if (!options.again) read_database();
  } else {
    tell(unreadable(place.error()));
  }
}

void Memory::tell(const Error& error) {
  if (!troubled_) trouble_ = error.message;
  troubled_ = true;
}

std::string Memory::take_trouble() { return std::exchange(trouble_, {}); }

void Memory::read_database() {
  auto verdicts = history::Verdicts::open(place_ / "history.sqlite", patience);
  auto known = verdicts ? verdicts->known(question_.rest(), Clock::now() - longest)
                        : Result<history::KnownVerdicts>{tl::unexpect, verdicts.error()};
  if (!known) return tell(unreadable(known.error()));
  flaky_ = known->flaky;
  for (history::KeyedVerdict& one : known->verdicts) database_[one.key.bytes] = {std::move(one.verdict), false, false};
}

void Memory::begin(const std::string& shared) {
  if (place_.empty() || search_->options.single) return;
  const fs::path directory = history::ledger_directory(place_);
  begin_ledger(directory, shared);
  if (search_->options.again) return;
  beside_.emplace(directory, question_.rest().bytes, shared, ledger_ ? ledger_->name() : "");
  look_around();
}

void Memory::begin_ledger(const fs::path& directory, const std::string& shared) {
  history::LedgerHead head;
  head.shared = shared;
  head.question = question_.rest().bytes;
  head.search = question_.whole().bytes;
  for (const history::LedgerContents& one : history::read_ledgers(directory)) {
    if (search_->options.again || one.head.search != head.search || !one.unfinished()) continue;
    auto gone_on = history::Ledger::go_on(directory, one.name);
    if (!gone_on) continue;
    ledger_.emplace(std::move(*gone_on));
    return read_own(one, shared);
  }
  const Options& options = search_->options;
  head.repository = search_->repository.top().string();
  std::error_code error;
  head.directory = fs::current_path(error).string();
  head.arguments = options.arguments;
  head.range = (options.goods.empty() ? "auto" : joined(options.goods)) + ".." + options.bad;
  head.command = joined(options.command);
  head.began = Clock::now();
  auto begun = history::Ledger::begin(directory, head);
  if (!begun) return tell(begun.error());
  ledger_.emplace(std::move(*begun));
}

void Memory::read_own(const history::LedgerContents& contents, const std::string& shared) {
  flaky_ = flaky_ || contents.flaky;
  for (const history::LedgerVerdict& one : contents.verdicts) {
    if (one.verdict.when < Clock::now() - longest) continue;
    const bool doubtful = one.doubtful || contents.head.shared != shared;
    own_[{one.key.bytes, one.number}] = {one.verdict, doubtful, true};
    found_.insert({one.key.bytes, one.number});
  }
}

void Memory::look_around() {
  if (beside_ && trusts_others_ && beside_->have_news()) read_others();
}

void Memory::read_others() {
  for (const history::LedgerVerdict& one : beside_->read()) {
    if (one.verdict.when < Clock::now() - longest) continue;
    Remembered& known = others_[one.key.bytes];
    // Where they differ, the failure is what says something.
    if (known.verdict.commit.empty() || one.verdict.said == Said::failed) known = {one.verdict, one.doubtful, false};
  }
}

std::optional<history::VerdictKey> Memory::key_of(dispatch::Subject trial) const {
  const auto key = question_.of(search_->subjects.at(search_->plan.commit_of(trial)), plain_);
  return key ? std::optional{*key} : std::nullopt;
}

/// What is confirmed, or repeated because tests have disturbed each other, is tested and not looked up.
bool Memory::serves() const {
  return !place_.empty() && !search_->options.again && !search_->options.single &&
         (search_->plan.noisy() != nullptr || search_->plan.stage() == search::SearchPlan::Stage::searching);
}

/// Those that cannot be tested come last: they alone would say that nothing can.
std::vector<std::pair<dispatch::Subject, Remembered>> Memory::all() const {
  constexpr std::size_t longest_range = 5000;
  std::vector<std::pair<dispatch::Subject, Remembered>> found;
  if (search_->plan.noisy() != nullptr || !serves()) return found;
  std::set<std::string> commits;
  for (const auto& [place, one] : own_) commits.insert(one.verdict.commit);
  for (const auto* const known : {&others_, &database_}) {
    for (const auto& [key, one] : *known) commits.insert(one.verdict.commit);
  }
  const search::CommitGraph& graph = search_->range.graph;
  for (dispatch::Subject subject = 0; subject < search_->subjects.size(); ++subject) {
    const bool node = subject < graph.size();
    const bool end = node && (subject == graph.bad_end() || graph.role(subject) == search::Role::good_end);
    if ((end && search_->options.trust_ends) || (node && !end && graph.role(subject) == search::Role::passage))
      continue;
    if (graph.size() > longest_range && !commits.contains(search_->subjects[subject].hex())) continue;
    if (std::optional<Remembered> one = find(subject)) found.emplace_back(subject, std::move(*one));
  }
  std::stable_partition(found.begin(), found.end(), [](const auto& one) {
    return one.second.verdict.said == Said::passed || one.second.verdict.said == Said::failed;
  });
  return found;
}

bool Memory::doubt(dispatch::Subject commit) {
  const std::optional<Remembered> known = find(commit);
  const std::optional<history::VerdictKey> key = key_of(commit);
  return known && !known->own && key && database_.contains(key->bytes) && doubted_.insert(key->bytes).second;
}

std::optional<Remembered> Memory::find(dispatch::Subject trial) const {
  return serves() ? look_up(trial) : std::nullopt;
}

std::optional<Remembered> Memory::look_up(dispatch::Subject trial) const {
  const std::optional<history::VerdictKey> key = key_of(trial);
  if (!key) return std::nullopt;
  const std::uint32_t number = search_->plan.number_of(trial);
  // One worker alone confirms nothing.
  const auto usable = [this](const Remembered& one) { return !one.doubtful || !alone(); };
  if (const auto own = own_.find({key->bytes, number}); own != own_.end() && usable(own->second)) return own->second;
  const bool noisy = search_->plan.noisy() != nullptr;
  if (!trusts_others_ || number > 1 || (flaky_ && !noisy)) return std::nullopt;
  if (doubted_.contains(key->bytes)) return std::nullopt;
  for (const auto* const known : {&others_, &database_}) {
    const auto found = known->find(key->bytes);
    if (found == known->end() || !usable(found->second)) continue;
    if (noisy && found->second.verdict.said == Said::passed) continue;
    return found->second;
  }
  return std::nullopt;
}

/// Nothing runs beside a test, nor will.
bool Memory::alone() const { return search_->workers == 1 && search_->options.workers == 1; }

/// Whether tests beside it could have disturbed it, and nobody would know. What is repeated has none beside it.
bool Memory::is_doubtful(const job::Outcome& outcome) const {
  if (alone() || search_->plan.stage() == search::SearchPlan::Stage::repeating) return false;
  const bool unwatched = search_->confirm != search::Confirm::disk_tight && !outcome.watched;
  return outcome.disk_tight || unwatched || plain_;
}

void Memory::keep(const dispatch::Ended& ended, const std::string& log) {
  const std::optional<Said> said = said_in(ended.outcome);
  const std::optional<history::VerdictKey> key = said && !place_.empty() ? key_of(ended.subject) : std::nullopt;
  if (!key) return;
  history::LedgerVerdict one;
  one.key = *key;
  one.verdict.said = *said;
  one.verdict.commit = search_->subjects.at(search_->plan.commit_of(ended.subject)).hex();
  one.verdict.when = Clock::now();
  one.verdict.log = log;
  one.number = search_->plan.number_of(ended.subject);
  one.doubtful = is_doubtful(ended.outcome);
  const auto before = database_.find(one.key.bytes);
  wrong_ = wrong_ || (before != database_.end() && before->second.verdict.said != *said &&
                      search_->plan.noisy() == nullptr && !flaky_ && !search_->options.again);
  const Place place{one.key.bytes, one.number};
  own_[place] = {one.verdict, one.doubtful, true};
  found_.insert(place);
  if (ledger_) told(ledger_->append(one));
}

void Memory::take_back() {
  own_.clear();
  found_.clear();
  if (ledger_) told(ledger_->take_back());
}

void Memory::distrust_others() {
  trusts_others_ = wrong_ = false;
  spoilt_ = true;
}

void Memory::found_flaky() {
  flaky_ = true;
  if (ledger_) told(ledger_->found_flaky());
}

void Memory::end(const Answer& answer, std::size_t tests, bool confirmed) {
  if (place_.empty()) return;
  if (search_->plan.noisy() != nullptr) found_flaky();
  const bool single = search_->options.single && (answer.result == "good" || answer.result == "bad");
  const bool stopped = answer.result == "interrupted" || answer.result == "no-workers" || answer.result == "aborted";
  if (!single && !stopped && !blames_a_commit(answer.result)) take_back();
  if (confirmed && ledger_) told(ledger_->confirm());
  if (confirmed) {
    for (auto& [place, one] : own_) one.doubtful = false;
  }
  history::LedgerEnd end;
  end.result = answer.result;
  end.answer = answer.suspects.size() == 1 ? answer.suspects.front().commit : "";
  end.tests = tests;
  end.when = Clock::now();
  end.final = !stopped;
  if (ledger_) told(ledger_->end(end));
  if (!stopped) keep_for_good();
  if (ledger_) told(history::prune_ledgers(history::ledger_directory(place_), Clock::now() - longest));
}

void Memory::keep_for_good() {
  history::KnownVerdicts all;
  all.flaky = flaky_;
  for (const Place& place : found_) {
    const Remembered& one = own_.at(place);
    if (!one.doubtful && (place.second == 1 || one.verdict.said == Said::failed)) {
      all.verdicts.push_back({{place.first}, one.verdict});
    }
  }
  const auto keep = [&]() -> Result<void> {
    auto verdicts = history::Verdicts::open(place_ / "history.sqlite", patience);
    if (!verdicts) return tl::unexpected<Error>{verdicts.error()};
    if (spoilt_ || search_->options.again) {
      if (auto forgotten = verdicts->forget(question_.rest()); !forgotten) return forgotten;
    }
    return verdicts->remember(question_.rest(), all);
  };
  if (all.verdicts.empty() && !all.flaky && !spoilt_) return;
  const Result<void> kept = keep();
  if (!kept) return tell(kept.error());
  if (ledger_) told(ledger_->mark_kept());
}

std::optional<Answer> Memory::recall() {
  if (!search_->options.single || place_.empty() || search_->options.again) return std::nullopt;
  std::optional<Remembered> found = look_up(0);
  work_plainly(true);
  if (!found) found = look_up(0);
  work_plainly(false);
  if (!found || (found->verdict.said != Said::passed && found->verdict.said != Said::failed)) return std::nullopt;
  const bool good = found->verdict.said == Said::passed;
  Answer answer;
  answer.exit_status = good ? 0 : 1;
  answer.result = good ? "good" : "bad";
  answer.output = fmt::format("{} is {}\n", search_->range.bad.hex(), answer.result);
  answer.message = fmt::format("not tested again: the same files were {} at {}", answer.result,
                               output::local_minute(found->verdict.when));
  return answer;
}

}  // namespace nmz::nmzbisect
