#include "columns.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include "nmz/events/json.hpp"
#include "nmz/report/grouping.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::view::page {
namespace json = boost::json;
namespace {

std::int64_t microseconds(events::Seconds time) {
  constexpr double million = 1e6;
  constexpr double most = 1e15;
  const double value = time.count() * million;
  return std::isfinite(value) && std::abs(value) < most ? std::llround(value) : -1;
}

}  // namespace

void Columns::show(const events::Event& event, events::Seconds now) {
  if (const auto* const assigned = std::get_if<events::JobAssigned>(&event)) return begin(*assigned, now);
  if (const auto* const started = std::get_if<events::PhaseStarted>(&event)) return begin(*started, now);
  if (const auto* const returned = std::get_if<events::JobReturned>(&event)) return withdraw(returned->job);
  if (const auto* const done = std::get_if<events::JobEnded>(&event)) return end(*done, now);
  if (const auto* const again = std::get_if<events::RunsAgain>(&event)) take_back(*again);
  const std::string line = events::json_line(event, kind_, now);
  if (line.empty()) return;
  if (!rare_.empty()) rare_ += ",\n";
  rare_ += line;
  ++rare_count_;
}

Columns::Text Columns::number(const std::string& text) {
  const auto [found, added] = numbers_.try_emplace(text, static_cast<Text>(texts_.size()));
  if (added) texts_.emplace_back(text::printable(text));
  return found->second;
}

Columns::Row* Columns::row_of(job::JobId job) {
  const auto found = open_.find(static_cast<std::uint64_t>(job));
  return found == open_.end() ? nullptr : &rows_[found->second];
}

void Columns::begin(const events::JobAssigned& event, events::Seconds now) {
  Row row;
  row.job = static_cast<std::uint64_t>(event.job);
  row.worker = static_cast<std::uint32_t>(event.worker);
  row.attempt = event.attempt;
  row.item = number(event.item);
  row.assigned = microseconds(now);
  open_[row.job] = rows_.size();
  news_.push_back(rows_.size());
  rows_.push_back(row);
}

void Columns::changed(Row& row) {
  if (!std::exchange(row.is_news, true)) news_.push_back(static_cast<std::size_t>(&row - rows_.data()));
}

void Columns::begin(const events::PhaseStarted& event, events::Seconds now) {
  Row* const row = row_of(event.job);
  if (row == nullptr) return;
  changed(*row);
  (event.phase == job::Phase::build ? row->build : row->test) = microseconds(now);
  if (event.expected.count() > 0) row->expected = microseconds(event.expected);
}

void Columns::withdraw(job::JobId job) {
  if (Row* const row = row_of(job)) {
    row->withdrawn = true;
    changed(*row);
  }
  open_.erase(static_cast<std::uint64_t>(job));
}

/// Its last end is one that does not count.
void Columns::take_back(const events::RunsAgain& event) {
  const auto mark = static_cast<std::int64_t>(event.mark);
  const Text workload = number(event.workload);
  const auto found = std::find_if(rows_.rbegin(), rows_.rend(),
                                  [&](const Row& row) { return row.workload == workload && row.mark == mark; });
  if (found == rows_.rend()) return;
  found->mark = static_cast<std::int64_t>(events::Mark::retried);
  changed(*found);
}

/// The end of an execution whose end is known already is ignored.
void Columns::end(const events::JobEnded& event, events::Seconds now) {
  Row* const row = row_of(event.job);
  if (row == nullptr) return;
  open_.erase(row->job);
  if (event.more > 0) return end_one_of_group(*row, event, now);
  fill(*row, event, now);
}

/// Tests that share a process run one after the other; the next one's row begins where this one's ends.
void Columns::end_one_of_group(Row& row, const events::JobEnded& event, events::Seconds now) {
  Row next = row;
  fill(row, event, now);
  if (row.test >= 0 && row.took >= 0) row.end = row.test + row.took;
  if (next.test >= 0) next.test = row.end;
  open_[next.job] = rows_.size();
  next.is_news = true;
  news_.push_back(rows_.size());
  rows_.push_back(next);
}

void Columns::fill(Row& row, const events::JobEnded& event, events::Seconds now) {
  changed(row);
  row.run = event.run;
  row.workloads = event.workloads;
  row.item = number(event.item);
  row.subject = number(event.subject);
  row.workload = number(event.workload);
  row.word = number(event.word);
  row.detail = number(event.detail);
  row.end = microseconds(now);
  row.took = microseconds(event.took);
  row.mark = static_cast<std::int64_t>(event.mark);
  row.outcome = static_cast<std::int64_t>(event.outcome);
  row.left = static_cast<std::int64_t>(event.left);
  row.confidence = event.confidence;
  const bool fails = event.outcome != job::Class::passed;
  const LogBlocks::Added log = logs_.add(
      event.log, fails || kind_ == events::Kind::search ? LogBlocks::Interest::failed : LogBlocks::Interest::passed);
  row.log = log.number;
  if (!fails) return;
  row.cause = number(log.cause);
  row.alike = number(report::normalised(log.cause));
}

std::vector<std::size_t> Columns::all_rows(bool withdrawn) const {
  std::vector<std::size_t> rows;
  rows.reserve(rows_.size());
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (withdrawn || !rows_[i].withdrawn) rows.push_back(i);
  }
  return rows;
}

json::object Columns::jobs(const std::vector<std::size_t>& rows, bool numbered) const {
  json::object columns;
  const auto add = [&](const char* name, auto member) {
    json::array column;
    column.reserve(rows.size());
    for (const std::size_t row : rows) column.emplace_back(rows_[row].*member);
    columns[name] = std::move(column);
  };
  if (numbered) {
    columns["row"] = json::array(rows.begin(), rows.end());
    add("withdrawn", &Row::withdrawn);
  }
  add("job", &Row::job);
  add("worker", &Row::worker);
  add("attempt", &Row::attempt);
  add("run", &Row::run);
  add("workloads", &Row::workloads);
  add("item", &Row::item);
  add("subject", &Row::subject);
  add("workload", &Row::workload);
  add("word", &Row::word);
  add("detail", &Row::detail);
  add("cause", &Row::cause);
  add("alike", &Row::alike);
  add("assigned", &Row::assigned);
  add("build", &Row::build);
  add("test", &Row::test);
  add("end", &Row::end);
  add("took", &Row::took);
  add("expected", &Row::expected);
  add("mark", &Row::mark);
  add("outcome", &Row::outcome);
  add("left", &Row::left);
  add("log", &Row::log);
  add("confidence", &Row::confidence);
  return columns;
}

std::string Columns::members() const {
  return "\"events\":[" + rare_ + "],\"texts\":" + json::serialize(texts_) +
         ",\"jobs\":" + json::serialize(jobs(all_rows(false), false));
}

std::string Columns::numbered_members() const {
  return "\"events\":[" + rare_ + "],\"texts\":" + json::serialize(texts_) +
         ",\"jobs\":" + json::serialize(jobs(all_rows(true), true));
}

std::string Columns::news() {
  if (news_.empty() && told_rare_ == rare_.size() && told_texts_ == texts_.size()) return {};
  std::string_view rare = std::string_view{rare_}.substr(told_rare_);
  if (rare.starts_with(",\n")) rare.remove_prefix(2);
  json::array texts;
  for (std::size_t i = told_texts_; i < texts_.size(); ++i) texts.push_back(texts_[i]);
  const std::vector<std::size_t> rows = std::exchange(news_, {});
  std::string text = "\"events\":[" + std::string{rare} + "],\"events_from\":" + std::to_string(told_rare_count_) +
                     ",\"texts_from\":" + std::to_string(told_texts_) + ",\"texts\":" + json::serialize(texts) +
                     ",\"jobs\":" + json::serialize(jobs(rows, true));
  for (const std::size_t row : rows) rows_[row].is_news = false;
  told_rare_ = rare_.size();
  told_rare_count_ = rare_count_;
  told_texts_ = texts_.size();
  return text;
}

}  // namespace nmz::view::page
