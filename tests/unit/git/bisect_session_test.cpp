// Sessions and logs of the real `git bisect`, read and added to.
#include "nmz/git/bisect_session.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

using support::ScratchRepository;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class BisectSessionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  BisectSessionTest() {
    std::vector<support::ScratchCommit> commits;
    for (std::size_t i = 0; i < 9; ++i) {
      std::vector<std::size_t> parents;
      if (i > 0) parents.push_back(i - 1);
      commits.emplace_back(parents, std::map<std::string, support::ScratchFile>{{"a file", std::to_string(i)}});
    }
    scratch.add_and_checkout(commits);
  }

  [[nodiscard]] Repository repository() const { return Repository::open(scratch.path()).value(); }
  [[nodiscard]] CommitId id(std::size_t number) const { return CommitId::parse(scratch.ids()[number]).value(); }
  [[nodiscard]] std::string hex(std::size_t number) const { return scratch.ids()[number]; }
  [[nodiscard]] Result<BisectSession> replayed(const std::string& log) const {
    return replayed_session(repository(), log);
  }

  ScratchRepository scratch;
};

TEST_F(BisectSessionTest, WithoutOneThereIsNone) { EXPECT_FALSE(bisect_session(repository()).value().has_value()); }

TEST_F(BisectSessionTest, WhatGitKeepsAndWhatItPrintsAreTheSame) {
  scratch.git({"bisect", "start", "--term-old=fast", "--term-new", "slow", "--first-parent", "HEAD", hex(1), "--",
               "a file", "it's"});
  scratch.git({"bisect", "fast", hex(2)});
  scratch.git({"bisect", "skip", hex(4)});
  scratch.git({"bisect", "slow", hex(7)});
  const BisectSession session = bisect_session(repository()).value().value();
  const BisectSession read = replayed(scratch.git({"bisect", "log"})).value();
  for (const BisectSession& one : {session, read}) {
    EXPECT_EQ(one.term_old, "fast");
    EXPECT_EQ(one.term_new, "slow");
    EXPECT_TRUE(one.first_parent);
    EXPECT_EQ(one.bad, id(7));
    EXPECT_THAT(one.goods, UnorderedElementsAre(id(1), id(2)));
    EXPECT_THAT(one.skipped, ElementsAre(id(4)));
    EXPECT_THAT(one.pathspecs, ElementsAre(":(top)a file", ":(top)it's"));
  }
}

TEST_F(BisectSessionTest, LogsOfOtherVersionsOfGit) {
  const std::string newer = "git bisect start\n# status: waiting for both good and bad commits\n# bad: [" + hex(8) +
                            "] commit 8\ngit bisect bad " + hex(8) +
                            "\n# status: waiting for good commit(s), bad commit known\n# good: [" + hex(0) +
                            "] commit 0\ngit bisect good " + hex(0) + "\n";
  const std::string older = "git-bisect start\r\n# bad: [x] commit 8\r\ngit-bisect bad main\r\ngit-bisect good " +
                            hex(0) + " " + hex(1) + "\r\n";
  EXPECT_EQ(replayed(newer)->bad, id(8));
  EXPECT_THAT(replayed(newer)->goods, ElementsAre(id(0)));
  EXPECT_EQ(replayed(older)->bad, id(8));
  EXPECT_THAT(replayed(older)->goods, ElementsAre(id(0), id(1)));
}

TEST_F(BisectSessionTest, WhatIsNoLogIsToldByItsLine) {
  EXPECT_EQ(replayed("git bisect start\nmake check\n").error().message, "line 2 is no command of git bisect");
  EXPECT_THAT(replayed("git bisect fine HEAD\n").error().message, HasSubstr("line 1 has 'fine'"));
  EXPECT_THAT(replayed("git bisect bad nowhere\n").error().message, HasSubstr("nowhere"));
  EXPECT_FALSE(replayed("git bisect start 'main\n"));
}

TEST_F(BisectSessionTest, WhatIsRecordedIsWhatGitWouldHaveRecorded) {
  scratch.git({"bisect", "start", "HEAD", hex(0)});
  const BisectSession session = bisect_session(repository()).value().value();
  SessionEnd end;
  const auto entry = [&](BisectLogEntry::Word word, std::size_t number) {
    BisectLogEntry one;
    one.word = word;
    one.id = id(number);
    one.subject = "commit " + std::to_string(number);
    return one;
  };
  using Word = BisectLogEntry::Word;
  end.verdicts = {entry(Word::good, 3), entry(Word::skip, 4), entry(Word::bad, 6)};
  end.culprit = entry(Word::bad, 5);
  ASSERT_TRUE(record(repository(), session, end));
  const BisectSession after = bisect_session(repository()).value().value();
  EXPECT_EQ(after.bad, id(5));
  EXPECT_THAT(after.goods, UnorderedElementsAre(id(0), id(3)));
  EXPECT_THAT(after.skipped, ElementsAre(id(4)));
  const std::string log = scratch.git({"bisect", "log"});
  EXPECT_THAT(log, HasSubstr("git bisect skip " + hex(4) + "\n# bad: [" + hex(6) + "] commit 6\n"));
  EXPECT_TRUE(log.ends_with("# first bad commit: [" + hex(5) + "] commit 5")) << log;
  EXPECT_EQ(replayed(log)->bad, id(5));
}

TEST_F(BisectSessionTest, OneThatHasChangedMeanwhileIsLeftAlone) {
  scratch.git({"bisect", "start", "HEAD", hex(0)});
  const BisectSession session = bisect_session(repository()).value().value();
  SessionEnd end;
  end.culprit.emplace();
  end.culprit->id = id(5);
  scratch.git({"bisect", "bad", hex(7)});
  const std::string log = scratch.git({"bisect", "log"});
  const Result<void> moved = record(repository(), session, end);
  ASSERT_FALSE(moved);
  EXPECT_THAT(moved.error().message, HasSubstr("has changed meanwhile"));
  EXPECT_EQ(scratch.git({"bisect", "log"}), log);
  scratch.git({"bisect", "reset"});
  EXPECT_THAT(record(repository(), session, end).error().message, HasSubstr("was ended meanwhile"));
  EXPECT_THAT(scratch.git({"for-each-ref", "refs/bisect"}), IsEmpty());
}

}  // namespace
}  // namespace nmz::git
