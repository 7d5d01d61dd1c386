// Several processes at one history: at once, and killed in the middle.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/history/history.hpp"

#include "support/temp_directory.hpp"

namespace nmz::history {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::chrono::system_clock::time_point some_day{std::chrono::seconds{1'700'000'000}};

std::vector<Observation> observations(const std::string& prefix, std::size_t count) {
  std::vector<Observation> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i].workload = prefix + std::to_string(i);
    result[i].took = 1s;
  }
  return result;
}

/// A child that does this and exits with 0 if it returns true.
pid_t forked(const std::function<bool()>& work) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error{"fork"};
  if (child == 0) ::_exit(work() ? 0 : 1);
  return child;
}

int status_of(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

class HistoryProcessesTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path file() const { return temp_.path() / "history.db"; }

  /// The numbers of runs that the suite's workloads have.
  [[nodiscard]] std::multiset<std::uint64_t> runs(const std::string& suite) const {
    auto history = History::open(file());
    if (!history) throw std::runtime_error{history.error().message};
    const auto workloads = history->workloads(suite);
    if (!workloads) throw std::runtime_error{workloads.error().message};
    std::multiset<std::uint64_t> result;
    for (const WorkloadSummary& workload : *workloads) result.insert(workload.expectation.runs);
    return result;
  }

 private:
  support::TempDirectory temp_{"history"};
};

TEST_F(HistoryProcessesTest, ProcessesThatRecordAtOnceLoseNothing) {
  constexpr int processes = 4;
  constexpr std::uint64_t rounds = 10;
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(forked([&, i] {
      // Also creating the file is a race.
      for (std::uint64_t round = 0; round < rounds; ++round) {
        auto history = History::open(file());
        if (!history || !history->record("shared", observations("w", 200), some_day)) return false;
        if (!history->record("own " + std::to_string(i), observations("w", 50), some_day)) return false;
        if (!history->suites()) return false;
      }
      return true;
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(status_of(child), 0);
  const auto shared = runs("shared");
  EXPECT_EQ(shared.size(), 200);
  EXPECT_EQ(shared.count(processes * rounds), 200);
  for (int i = 0; i < processes; ++i) EXPECT_EQ(runs("own " + std::to_string(i)).count(rounds), 50);
}

TEST_F(HistoryProcessesTest, ProcessesThatCreateTheFileAtOnceAllFindAHistory) {
  for (int round = 0; round < 30; ++round) {
    fs::remove(file());
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      children.push_back(forked([&] {
        const auto history = History::open(file());
        if (!history) std::fprintf(stderr, "%s\n", history.error().message.c_str());
        return history.has_value();
      }));
    }
    for (const pid_t child : children) EXPECT_EQ(status_of(child), 0);
  }
}

// Each round kills a child somewhere between before and after its record(); all workloads must have run equally often.
TEST_F(HistoryProcessesTest, AKilledRecordLeavesTheOldOrTheNewState) {
  constexpr std::size_t workloads = 20'000;
  const auto all = observations("w", workloads);
  const auto work = [&] {
    auto history = History::open(file());
    return history && history->record("suite", all, some_day);
  };
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(status_of(forked(work)), 0);
  const auto whole = std::chrono::steady_clock::now() - start;

  constexpr int rounds = 60;
  std::uint64_t before = 1;
  int kept_old = 0;
  int journals = 0;
  for (int round = 0; round < rounds; ++round) {
    const pid_t child = forked(work);
    // A third all over the time, the rest in its last third, where the commit writes the file.
    const int sixtieths = round % 3 == 0 ? round : 40 + round / 2;
    std::this_thread::sleep_for(whole * sixtieths / 60);
    ::kill(child, SIGKILL);
    static_cast<void>(status_of(child));
    journals += fs::exists(file().string() + "-journal") ? 1 : 0;
    const auto now = runs("suite");
    ASSERT_EQ(now.size(), workloads);
    ASSERT_EQ(*now.begin(), *now.rbegin()) << "half of a run was kept in round " << round;
    ASSERT_TRUE(*now.begin() == before || *now.begin() == before + 1);
    kept_old += *now.begin() == before ? 1 : 0;
    before = *now.begin();
  }
  EXPECT_GT(kept_old, 0);
  EXPECT_GT(journals, 0) << "no child was killed in the middle";
}

/// Whether a commit has begun to write the database: then SQLite has written how many pages the journal keeps (bytes 8
/// to 11 of its header, 0 before), and a reader has to roll back.
bool is_hot(const fs::path& journal) {
  std::array<char, 12> header{};
  std::ifstream in{journal, std::ios::binary};
  return in.read(header.data(), header.size()) &&
         std::any_of(header.begin() + 8, header.end(), [](char c) { return c != 0; });
}

// The worst moment: the file itself is half written.
TEST_F(HistoryProcessesTest, ACommitThatIsKilledWhileItWritesTheFileIsRolledBack) {
  constexpr std::size_t workloads = 20'000;
  const auto all = observations("w", workloads);
  const auto work = [&] {
    auto history = History::open(file());
    return history && history->record("suite", all, some_day);
  };
  ASSERT_EQ(status_of(forked(work)), 0);
  const fs::path journal = file().string() + "-journal";
  std::uint64_t before = 1;
  int rolled_back = 0;
  for (int round = 0; round < 100 && rolled_back < 5; ++round) {
    const pid_t child = forked(work);
    bool ended = false;
    while (!ended && !is_hot(journal)) ended = ::waitpid(child, nullptr, WNOHANG) == child;
    if (!ended) {
      ::kill(child, SIGKILL);
      static_cast<void>(status_of(child));
    }
    const bool hot = is_hot(journal);
    const auto now = runs("suite");
    ASSERT_EQ(now.size(), workloads);
    ASSERT_EQ(*now.begin(), *now.rbegin());
    ASSERT_EQ(*now.begin(), hot ? before : before + 1) << "round " << round;
    rolled_back += hot ? 1 : 0;
    before = *now.begin();
  }
  EXPECT_GT(rolled_back, 0) << "no child was killed while it wrote the file";
}

}  // namespace
}  // namespace nmz::history
