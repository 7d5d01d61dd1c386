// A run's events as the page reads them. What is rare is told as --json tells it, one object an event. Executions come
// in thousands, four events each, and are folded into columns: a column a member, a row an execution. Texts are numbers
// into one list. So 10,000 of them are some hundred kilobytes once packed, and the page has nothing to take apart.
//
// A page that is served while a run goes on gets all of it once, and then what is new: events and texts are only added,
// and of the rows it gets those that have changed, under their numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/json.hpp>

#include "nmz/events/stream.hpp"

#include "log_blocks.hpp"

namespace nmz::view::page {

class Columns {
 public:
  Columns(events::Kind kind, LogBlocks& logs) : kind_{kind}, logs_{logs} {
    static_cast<void>(number(""));  // the text of what has none is number 0
  }

  void show(const events::Event& event, events::Seconds now);

  /// "events" (an array, as text), "texts" and "jobs": members of an object.
  [[nodiscard]] std::string members() const;
  /// The same with the rows' numbers ("row") and those that are none any more ("withdrawn").
  [[nodiscard]] std::string numbered_members() const;
  /// Of these what has come since it was asked last, with "events_from" and "texts_from", the numbers of the first
  /// ones: who has some of it already writes it once more. Empty: nothing.
  [[nodiscard]] std::string news();

 private:
  using Text = std::uint32_t;
  /// Times are microseconds since the start; -1: not yet, or unknown.
  struct Row {
    std::uint64_t job = 0;
    std::uint32_t worker = 0;
    std::uint32_t attempt = 1;
    std::uint64_t run = 1;
    std::size_t workloads = 1;
    Text item = 0;
    Text subject = 0;
    Text workload = 0;
    Text word = 0;
    Text detail = 0;
    Text cause = 0;
    Text alike = 0;  ///< the cause without what varies
    std::int64_t assigned = -1;
    std::int64_t build = -1;
    std::int64_t test = -1;
    std::int64_t end = -1;
    std::int64_t took = -1;
    std::int64_t expected = -1;
    std::int64_t mark = -1;
    std::int64_t outcome = -1;
    std::int64_t left = -1;
    std::int64_t log = -1;
    double confidence = 0;
    bool withdrawn = false;  ///< it was handed out again before it began
    bool is_news = true;
  };

  [[nodiscard]] Text number(const std::string& text);
  Row* row_of(job::JobId job);
  void begin(const events::JobAssigned& event, events::Seconds now);
  void begin(const events::PhaseStarted& event, events::Seconds now);
  void end(const events::JobEnded& event, events::Seconds now);
  void end_one_of_group(Row& row, const events::JobEnded& event, events::Seconds now);
  void fill(Row& row, const events::JobEnded& event, events::Seconds now);
  void withdraw(job::JobId job);
  void take_back(const events::RunsAgain& event);
  [[nodiscard]] boost::json::object jobs(const std::vector<std::size_t>& rows, bool numbered) const;
  [[nodiscard]] std::vector<std::size_t> all_rows(bool withdrawn) const;
  void changed(Row& row);

  events::Kind kind_;
  LogBlocks& logs_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string rare_;
  std::vector<Row> rows_;
  std::unordered_map<std::uint64_t, std::size_t> open_;  ///< rows of jobs that have not ended
  boost::json::array texts_;
  std::unordered_map<std::string, Text> numbers_;
  std::vector<std::size_t> news_;  ///< rows
  std::size_t rare_count_ = 0;
  std::size_t told_rare_ = 0;  ///< bytes
  std::size_t told_rare_count_ = 0;
  std::size_t told_texts_ = 0;
};

}  // namespace nmz::view::page
