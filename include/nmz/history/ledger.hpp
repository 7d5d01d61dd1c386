// What a search has found out so far, as it finds it out: one file a search, to which lines are only ever appended.
//
// A search may be killed at any moment (kill -9, a power cut, a full disk), and what it had tested by then must not be
// tested again. So each verdict is one write() at the end of a file that no other process writes to: there is no lock
// to wait for, nothing that was written before can be damaged, and it takes microseconds, where a transaction of the
// history's database takes two fsync(), which a machine that is busy with builds answers after seconds. A thread of its
// own asks for what was written to be put on the disk. A line that was cut off has a wrong check sum, and is no line.
//
// While a search runs, and when it was killed, others read its file: they share its verdicts at once, and whoever asks
// the same goes on with the file itself. When a search has ended its verdicts go into the database (verdicts.hpp), and
// the file stays as the record of it until it is pruned.
//
// Whether a search is still going on is told by the lock that its file has (flock(2), gone with the process).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/history/verdicts.hpp"

namespace nmz::history {

struct LedgerHead {
  LedgerHead() = default;
  std::string question;    ///< bytes: what decides about a test besides the commit's files
  std::string search;      ///< bytes: the whole question, with its ends; who asks it again goes on with the file
  std::string shared;      ///< bytes: how the files were that its tests share; empty = that is of no interest
  std::string repository;  ///< its directory
  std::string directory;   ///< where the search was started
  std::vector<std::string> arguments;
  std::string range;  ///< for people, as `command`
  std::string command;
  std::chrono::system_clock::time_point began;
};

struct LedgerVerdict {
  LedgerVerdict() = default;
  VerdictKey key;
  RememberedVerdict verdict;
  std::uint32_t number = 1;  ///< which execution of the commit it was
  bool doubtful = false;     ///< others could have disturbed the test unnoticed
};

struct LedgerEnd {
  LedgerEnd() = default;
  std::string result;  ///< as events::RunEnded has it
  std::string answer;  ///< the first bad commit, or a line
  std::uint64_t tests = 0;
  std::chrono::system_clock::time_point when;
  bool final = false;  ///< else the search can be continued
};

struct LedgerContents {
  LedgerContents() = default;
  std::string name;
  LedgerHead head;
  std::vector<LedgerVerdict> verdicts;  ///< that count
  std::optional<LedgerEnd> end;         ///< of the last time it ran; nothing where it was killed, or goes on
  std::uint64_t tests = 0;              ///< verdicts in all, also those that do not count
  bool flaky = false;                   ///< the test was found to be
  bool kept = false;                    ///< its verdicts are in the database
  bool going_on = false;
  [[nodiscard]] bool unfinished() const { return !going_on && !(end && end->final); }
};

/// In the directory of the history.
[[nodiscard]] std::filesystem::path ledger_directory(const std::filesystem::path& data_directory);

/// All that can be read, the newest first.
[[nodiscard]] std::vector<LedgerContents> read_ledgers(const std::filesystem::path& directory);

/// Removes those of searches that do not go on, and ended or were last written to before; all without `before`.
/// Returns how many.
[[nodiscard]] Result<std::size_t> prune_ledgers(const std::filesystem::path& directory,
                                                std::optional<std::chrono::system_clock::time_point> before);

/// The file of the search that runs. For one thread at a time. Errors (retryable) are one line; what could not be
/// written is kept and tried again with the next line.
class Ledger {
 public:
  [[nodiscard]] static Result<Ledger> begin(const std::filesystem::path& directory, const LedgerHead& head);
  /// With the file of this name, that of a search which does not go on. Errors (not_found): somebody was faster.
  [[nodiscard]] static Result<Ledger> go_on(const std::filesystem::path& directory, const std::string& name);
  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger();

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] Result<void> append(const LedgerVerdict& verdict);
  /// What was appended so far does not count.
  [[nodiscard]] Result<void> take_back();
  /// What was doubtful is not any more.
  [[nodiscard]] Result<void> confirm();
  [[nodiscard]] Result<void> found_flaky();
  [[nodiscard]] Result<void> end(const LedgerEnd& end);
  /// Its verdicts are in the database.
  [[nodiscard]] Result<void> mark_kept();

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What other searches have found out about the same question, as they find it out.
class OtherLedgers {
 public:
  /// `own`: the name of the one that is not another's. What was found where the files that tests share were not as in
  /// `shared` is doubtful.
  OtherLedgers(std::filesystem::path directory, std::string question, std::string shared, std::string own);
  OtherLedgers(OtherLedgers&&) noexcept;
  OtherLedgers& operator=(OtherLedgers&&) noexcept;
  OtherLedgers(const OtherLedgers&) = delete;
  OtherLedgers& operator=(const OtherLedgers&) = delete;
  ~OtherLedgers();

  /// Whether a file was added or has changed since the last call. Takes microseconds.
  [[nodiscard]] bool have_news();
  /// All that counts now, of those that were not in the database when this was made.
  [[nodiscard]] std::vector<LedgerVerdict> read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::history
