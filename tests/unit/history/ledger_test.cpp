// The file of a search: what is appended is there whatever happened afterwards, and nothing else is.
#include "nmz/history/ledger.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::history {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Clock = std::chrono::system_clock;

class LedgerTest : public testing::Test {
 protected:
  [[nodiscard]] LedgerHead head() const {
    LedgerHead result;
    result.question = std::string(32, '\x01');
    result.search = std::string(32, '\xFF');
    result.shared = "shared";
    result.repository = "/srv/a\tb%\nc";
    result.arguments = {"good..bad", "--", "sh", "-c", "a\tb\n%41"};
    result.began = now;
    return result;
  }
  [[nodiscard]] LedgerVerdict verdict(char key, Said said = Said::passed) const {
    LedgerVerdict result;
    result.key.bytes = std::string(32, key);
    result.verdict.said = said;
    result.verdict.commit = std::string(40, 'c');
    result.verdict.when = now;
    result.verdict.log = "/logs/x";
    result.number = 3;
    result.doubtful = true;
    return result;
  }
  [[nodiscard]] LedgerContents only() const {
    std::vector<LedgerContents> all = read_ledgers(place);
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? LedgerContents{} : all.front();
  }
  [[nodiscard]] fs::path file() const {
    return fs::directory_iterator { place } -> path();
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream content;
    content << std::ifstream{file(), std::ios::binary}.rdbuf();
    return content.str();
  }

  support::TempDirectory directory{"ledger"};
  fs::path place = ledger_directory(directory.path());
  Clock::time_point now = Clock::now();
};

TEST_F(LedgerTest, IsReadAsItWasWritten) {
  Ledger ledger = Ledger::begin(place, head()).value();
  ASSERT_TRUE(ledger.append(verdict('k', Said::not_built)));
  const LedgerContents contents = only();
  EXPECT_TRUE(contents.going_on);
  EXPECT_FALSE(contents.unfinished());
  EXPECT_EQ(contents.name, ledger.name());
  EXPECT_EQ(contents.head.question, head().question);
  EXPECT_EQ(contents.head.search, head().search);
  EXPECT_EQ(contents.head.repository, head().repository);
  EXPECT_EQ(contents.head.arguments, head().arguments);
  EXPECT_EQ(contents.head.began, now);
  ASSERT_EQ(contents.verdicts.size(), 1U);
  EXPECT_EQ(contents.verdicts[0].key.bytes, std::string(32, 'k'));
  EXPECT_EQ(contents.verdicts[0].verdict.said, Said::not_built);
  EXPECT_EQ(contents.verdicts[0].verdict.when, now);
  EXPECT_EQ(contents.verdicts[0].verdict.log, "/logs/x");
  EXPECT_EQ(contents.verdicts[0].number, 3U);
  EXPECT_TRUE(contents.verdicts[0].doubtful);
}

TEST_F(LedgerTest, OfEveryPartOfItWhatIsWholeIsRead) {
  {
    Ledger ledger = Ledger::begin(place, head()).value();
    for (const char key : {'a', 'b', 'c'}) ASSERT_TRUE(ledger.append(verdict(key)));
  }
  const std::string whole = text();
  std::size_t most = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::ofstream{file(), std::ios::binary | std::ios::trunc} << whole.substr(0, size);
    const std::vector<LedgerContents> all = read_ledgers(place);
    const std::size_t verdicts = all.empty() ? 0 : all.front().verdicts.size();
    EXPECT_GE(verdicts, most);
    most = verdicts;
    for (std::size_t i = 0; i < verdicts; ++i) {
      EXPECT_EQ(all.front().verdicts[i].key.bytes, std::string(32, static_cast<char>('a' + i))) << size;
    }
  }
  EXPECT_EQ(most, 3U);
}

TEST_F(LedgerTest, GoesOnBehindALineThatWasCutOff) {
  std::string name;
  {
    Ledger ledger = Ledger::begin(place, head()).value();
    ASSERT_TRUE(ledger.append(verdict('a')));
    ASSERT_TRUE(ledger.append(verdict('b')));
    name = ledger.name();
  }
  fs::resize_file(file(), fs::file_size(file()) - 5);
  EXPECT_TRUE(only().unfinished());
  {
    Ledger ledger = Ledger::go_on(place, name).value();
    ASSERT_TRUE(ledger.append(verdict('c')));
    EXPECT_EQ(Ledger::go_on(place, name).error().kind, ErrorKind::not_found) << "one at a time";
  }
  ASSERT_EQ(only().verdicts.size(), 2U);
  EXPECT_EQ(only().verdicts[1].key.bytes, std::string(32, 'c'));
}

TEST_F(LedgerTest, WhatIsTakenBackDoesNotCount) {
  Ledger ledger = Ledger::begin(place, head()).value();
  ASSERT_TRUE(ledger.append(verdict('a')));
  ASSERT_TRUE(ledger.take_back());
  ASSERT_TRUE(ledger.append(verdict('b')));
  ASSERT_TRUE(ledger.confirm());
  LedgerEnd end;
  end.result = "found";
  end.final = true;
  ASSERT_TRUE(ledger.end(end));
  ASSERT_EQ(only().verdicts.size(), 1U);
  EXPECT_EQ(only().verdicts[0].key.bytes, std::string(32, 'b'));
  EXPECT_FALSE(only().verdicts[0].doubtful);
  EXPECT_EQ(only().tests, 2U);
  EXPECT_EQ(only().end->result, "found");
}

TEST_F(LedgerTest, OthersHearOfItAtOnce) {
  Ledger ledger = Ledger::begin(place, head()).value();
  OtherLedgers others{place, head().question, "shared", "me"};
  EXPECT_TRUE(others.have_news());
  EXPECT_FALSE(others.have_news());
  LedgerVerdict one = verdict('a');
  one.doubtful = false;
  ASSERT_TRUE(ledger.append(one));
  EXPECT_TRUE(others.have_news());
  ASSERT_EQ(others.read().size(), 1U);
  EXPECT_FALSE(others.read()[0].doubtful);
  EXPECT_TRUE((OtherLedgers{place, head().question, "changed", "me"}.read()[0].doubtful));
  EXPECT_TRUE((OtherLedgers{place, std::string(32, 'x'), "shared", "me"}.read().empty())) << "another question";
  EXPECT_TRUE((OtherLedgers{place, head().question, "shared", ledger.name()}.read().empty())) << "its own";
  ASSERT_TRUE(ledger.mark_kept());
  EXPECT_EQ(others.read().size(), 1U) << "it had read the database before";
  EXPECT_TRUE((OtherLedgers{place, head().question, "shared", "me"}.read().empty())) << "they are in the database";
}

TEST_F(LedgerTest, IsPrunedUnlessItGoesOn) {
  static_cast<void>(Ledger::begin(place, head()).value());
  const Ledger running = Ledger::begin(place, head()).value();
  EXPECT_EQ(prune_ledgers(place, now - 1h).value(), 0U);
  EXPECT_EQ(prune_ledgers(place, std::nullopt).value(), 1U);
  EXPECT_EQ(only().name, running.name());
}

}  // namespace
}  // namespace nmz::history
