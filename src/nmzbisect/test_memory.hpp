// What is remembered of single tests at single commits, in a search for what broke many of them (--runner).
//
// As for one command (memory.hpp): what a search finds out stands in its ledger while it goes on, and in the history's
// file when it has come to its end; whoever asks the same again, or goes on with a search that was killed, is told. The
// question is the same one (question.hpp), with the runner, the test, and how often the test has run at the commit: an
// answer is confirmed by running its tests once more, and what a second run says is remembered as such.
//
// Remembered is what a test has said: that it passed, failed, was skipped, or is not there; and that the commit cannot
// be built. What was lost or ran out of time says nothing. What is told of a flaky test is not kept.
//
// Memory never decides whether a search goes on: trouble with its files is one line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nmz/history/ledger.hpp"
#include "nmz/history/verdicts.hpp"
#include "nmz/search/many_culprits_plan.hpp"

#include "question.hpp"

namespace nmz::nmzbisect {

class TestMemory {
 public:
  /// `search` must outlive it. `tests`: those that are given; nothing = the list at the bad end.
  TestMemory(const Search& search, Question question, const std::optional<std::vector<std::string>>& tests);

  struct Known {
    search::Said said = search::Said::nothing;
    std::string log;   ///< path; may be empty, and the file may be gone
    bool own = false;  ///< of this search, before it was interrupted
    std::chrono::system_clock::time_point when;
  };
  /// `number`: from 1, which execution of the test at the commit it would be.
  [[nodiscard]] std::optional<Known> find(dispatch::Subject commit, const std::string& test, std::uint32_t number);
  [[nodiscard]] bool knows_something() const { return !own_.empty() || !known_.empty(); }
  void keep(dispatch::Subject commit, const std::string& test, std::uint32_t number, search::Said said,
            const std::string& log);

  /// `final`: it cannot be continued. `flaky`: tests of which nothing is kept.
  void end(const std::string& result, const std::string& answer, std::size_t tests, bool final,
           const std::set<std::string>& flaky);
  /// What could not be read or written, once; empty otherwise.
  [[nodiscard]] std::string take_trouble();

 private:
  struct Kept {
    history::KeyedVerdict verdict;
    std::string test;
  };
  void tell(const Error& error);
  void read();
  void begin(const std::filesystem::path& directory, const std::optional<std::vector<std::string>>& tests);
  void keep_for_good(const std::set<std::string>& flaky);
  [[nodiscard]] std::optional<std::string> key(dispatch::Subject commit, const std::string& test, std::uint32_t number,
                                               bool absent);

  const Search* search_;
  Question question_;
  std::string rest_;                                         ///< the question without commit and test: bytes
  std::filesystem::path place_;                              ///< empty: nothing is remembered
  std::map<std::string, history::RememberedVerdict> own_;    ///< by key
  std::map<std::string, history::RememberedVerdict> known_;  ///< of earlier searches
  std::map<dispatch::Subject, std::string> trees_;           ///< commits' part of the keys
  std::optional<history::Ledger> ledger_;
  std::vector<Kept> kept_;
  std::string trouble_;
  bool troubled_ = false;
};

}  // namespace nmz::nmzbisect
