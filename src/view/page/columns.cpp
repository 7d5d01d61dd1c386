#include "columns.hpp"

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
  const std::string line = events::json_line(event, kind_, now);
  if (line.empty()) return;
  if (!rare_.empty()) rare_ += ",\n";
  rare_ += line;
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
  rows_.push_back(row);
}

void Columns::begin(const events::PhaseStarted& event, events::Seconds now) {
  Row* const row = row_of(event.job);
  if (row == nullptr) return;
  (event.phase == job::Phase::build ? row->build : row->test) = microseconds(now);
  if (event.expected.count() > 0) row->expected = microseconds(event.expected);
}

void Columns::withdraw(job::JobId job) {
  if (Row* const row = row_of(job)) row->withdrawn = true;
  open_.erase(static_cast<std::uint64_t>(job));
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
  rows_.push_back(next);
}

void Columns::fill(Row& row, const events::JobEnded& event, events::Seconds now) {
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

json::object Columns::jobs() const {
  json::object columns;
  const auto add = [&](const char* name, auto member) {
    json::array column;
    column.reserve(rows_.size());
    for (const Row& row : rows_) {
      if (!row.withdrawn) column.emplace_back(row.*member);
    }
    columns[name] = std::move(column);
  };
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
  return "\"events\":[" + rare_ + "],\"texts\":" + json::serialize(texts_) + ",\"jobs\":" + json::serialize(jobs());
}

}  // namespace nmz::view::page
