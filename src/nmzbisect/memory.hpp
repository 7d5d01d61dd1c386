// What is known before a test is run, and what is kept of those that are: verdicts from one search to the next, from a
// search that was killed, and from one that goes on beside this one.
//
// Where they are: nmz/history/ledger.hpp (this search, and others that run or were killed) and nmz/history/verdicts.hpp
// (searches that have ended, and `nmzbisect test --recall`, which hooks run). What makes two tests the same test:
// question.hpp. Nothing is remembered for longer than thirty days: what is no part of the question changes with time.
//
// What is believed of it:
// - A verdict of this search's own, from before it was killed, as if it had come now.
// - One of another search, where the test is not known to be flaky. Where it is, another's pass proves nothing; a
//   failure is evidence, in a search that weighs evidence.
// - One of a test that others could have disturbed unnoticed keeps that mark until its search has confirmed its answer,
//   so whoever uses it before does so as well.
// A search that ends without a commit to blame, or that had to be done again, leaves nothing: what was wrong with its
// tests will be mended, and then they are to be run. Where what is remembered contradicts what tests say now, or is all
// that such an end stands on, the search is done again without it.
//
// Memory never decides whether a search goes on: trouble with its files is one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/error/result.hpp"
#include "nmz/history/ledger.hpp"
#include "nmz/history/verdicts.hpp"
#include "nmz/wire/messages.hpp"

#include "answer.hpp"
#include "inputs.hpp"
#include "prepared_search.hpp"
#include "question.hpp"

namespace nmz::nmzbisect {

struct Remembered {
  history::RememberedVerdict verdict;
  bool doubtful = false;
  bool own = false;  ///< of this search, before it was interrupted
};

class Memory {
 public:
  /// `search` must outlive it. Without files of its own yet: begin().
  Memory(const Search& search, const site::Site& site, const wire::Run& command, const Inputs& inputs);

  /// The search begins, or goes on where it was interrupted. `shared`: how the files are that its tests share; where
  /// they have changed since another one began, tests of that one may have disturbed each other.
  void begin(const std::string& shared);

  /// Nothing is asked for nothing.
  [[nodiscard]] bool knows_something() const {
    return !own_.empty() || (trusts_others_ && !(others_.empty() && database_.empty()));
  }
  /// Of the subjects of a search whose test is not noisy. A very long range is not gone through: there, what was tested
  /// as these very commits.
  [[nodiscard]] std::vector<std::pair<dispatch::Subject, Remembered>> all() const;
  /// Of a subject that the plan is about to have tested.
  [[nodiscard]] std::optional<Remembered> find(dispatch::Subject trial) const;
  /// Reads what other searches have found out meanwhile.
  void look_around();
  /// Of a test that has ended and counts.
  void keep(const dispatch::Ended& ended, const std::string& log);

  /// How tests run from now on: in worlds of their own, as asked for, or plainly.
  void work_plainly(bool plain) { plain_ = plain; }
  /// What this search has found out so far does not count.
  void take_back();
  /// What was found in earlier searches is not the same as what the tests say now.
  [[nodiscard]] bool was_wrong() const { return wrong_; }
  /// This verdict is from an earlier search, and is to be tested. False where it is not.
  bool doubt(dispatch::Subject commit);
  /// What others have found out does not count.
  void distrust_others();
  void found_flaky();
  /// The search has ended. `confirmed`: nothing in its verdicts is doubtful any more.
  void end(const Answer& answer, std::size_t tests, bool confirmed);

  /// Of a single commit, where it may be answered so.
  [[nodiscard]] std::optional<Answer> recall();

  /// What could not be read or written, once; empty otherwise.
  [[nodiscard]] std::string take_trouble();

 private:
  using Place = std::pair<std::string, std::uint32_t>;  ///< key, which execution of the commit

  void tell(const Error& error);
  template <class Written>
  void told(const Written& written) {
    if (!written) tell(written.error());
  }
  void read_database();
  void read_own(const history::LedgerContents& contents, const std::string& shared);
  void read_others();
  void begin_ledger(const std::filesystem::path& directory, const std::string& shared);
  void keep_for_good();
  [[nodiscard]] std::optional<history::VerdictKey> key_of(dispatch::Subject trial) const;
  [[nodiscard]] bool serves() const;
  [[nodiscard]] std::optional<Remembered> look_up(dispatch::Subject trial) const;
  [[nodiscard]] bool alone() const;
  [[nodiscard]] bool is_doubtful(const job::Outcome& outcome) const;

  const Search* search_;
  Question question_;
  std::filesystem::path place_;  ///< empty: nothing is remembered
  std::map<Place, Remembered> own_;
  std::map<std::string, Remembered> others_;    ///< of searches that go on, or have not ended
  std::map<std::string, Remembered> database_;  ///< by key
  std::optional<history::Ledger> ledger_;
  std::optional<history::OtherLedgers> beside_;
  std::set<Place> found_;  ///< of this search, as far as they count
  bool plain_ = false;
  bool trusts_others_ = true;
  std::set<std::string> doubted_;  ///< keys
  bool wrong_ = false;
  bool spoilt_ = false;  ///< what the database has is wrong
  bool flaky_ = false;
  std::string trouble_;
  bool troubled_ = false;
};

}  // namespace nmz::nmzbisect
