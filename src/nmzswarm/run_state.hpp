// What is needed to go on with a run later (--rerun): its workloads and their results, in its log directory.
//
// results.jsonl is written while the run goes on, a line a workload when the list is known ({"workload": id}) and a
// line a result when it is there ({"workload": id, "result": word}), so that a run which was killed can be continued as
// well; the last line about a workload counts, and a line that was cut off by the end of the program is no line. A run
// that goes on with an earlier one takes its results over first. Ids are bytes, in strings that need not be UTF-8.
//
// Which run of a suite was the last one stands beside the logs, in a file named after a hash of the suite's name.
#pragma once

#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/logs/log_store.hpp"

#include "again_options.hpp"

namespace nmz::nmzswarm {

/// Of a text, for a file's name.
[[nodiscard]] std::string hash_of(std::string_view text);

/// What a run that goes on with an earlier one does not run again, and is part of the whole all the same.
struct Kept {
  struct One {
    std::string workload;
    std::string result;  ///< a word of events::word_of
  };
  std::vector<One> results;
  std::size_t unfinished = 0;  ///< workloads of the earlier run that have no result, now either
  bool flaky_fails = false;    ///< --flaky-result fail

  [[nodiscard]] std::vector<One> failures() const;
};

class EarlierRun {
 public:
  /// The run that kept its logs in `log_directory`; if that is empty, the last run of `suite`. Errors (misconfigured):
  /// there is none.
  [[nodiscard]] static Result<EarlierRun> find(const std::string& log_directory, const std::string& suite);
  [[nodiscard]] static EarlierRun parse(const std::string& lines);

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  /// Leaves those that are wanted. Failed: failed, timed out, lost, or flaky where that is a failure. Unfinished:
  /// without a result, or lost, or not part of the earlier run. Last: all that were part of it. Returns what is known
  /// of those that it takes away.
  Kept select(Rerun which, std::vector<std::string>& ids, bool flaky_fails) const;
  /// As lines of a new file; `results`: with them, else only the workloads.
  [[nodiscard]] std::string lines(bool results) const;

 private:
  std::filesystem::path directory_;
  std::vector<std::string> order_;
  std::unordered_map<std::string, std::string> results_;  ///< empty: none
};

/// Writes the file of a run.
class RunState final : public events::Consumer {
 public:
  /// `before`: lines of the run this one goes on with.
  RunState(logs::LogStore& logs, std::string suite, std::string before)
      : logs_{logs}, suite_{std::move(suite)}, before_{std::move(before)} {}

  void listed(const std::vector<std::string>& ids);
  void show(const events::Event& event, events::Seconds now) override;
  /// What went wrong first, once; empty otherwise.
  [[nodiscard]] std::string take_trouble();

 private:
  struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  void result(const std::string& id, const char* word);
  void fail_once(const std::string& why);

  logs::LogStore& logs_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string suite_;
  std::string before_;
  std::unique_ptr<std::FILE, Close> file_;
  std::string trouble_;
};

}  // namespace nmz::nmzswarm
