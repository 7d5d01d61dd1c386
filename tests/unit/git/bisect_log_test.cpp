// `git bisect replay` of our log ends at the commit where we ended.
#include "nmz/git/bisect_log.hpp"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/git/range.hpp"

#include "support/random_history.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

using search::Node;
using search::Role;
using support::ScratchCommit;
using support::ScratchRepository;
using testing::HasSubstr;
using Word = BisectLogEntry::Word;

class BisectLogTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  static CommitId id_of(const std::string& hex) { return CommitId::parse(hex).value(); }

  static BisectLogEntry entry(Word word, const std::string& hex) {
    BisectLogEntry result;
    result.word = word;
    result.id = id_of(hex);
    result.subject = "about it";
    return result;
  }

  static BisectLogHead head(const std::string& bad, const std::vector<std::string>& goods) {
    BisectLogHead result;
    result.bad = id_of(bad);
    for (const std::string& good : goods) {
      result.goods.push_back(id_of(good));
      result.good_subjects.emplace_back("a good one");
    }
    result.bad_subject = "the bad one";
    return result;
  }

  /// What git says after it has replayed the log.
  static std::string replay(const ScratchRepository& scratch, const std::string& log) {
    support::write_file(scratch.parent() / "log", log);
    const support::Ended ended = scratch.try_git({"bisect", "replay", (scratch.parent() / "log").string()});
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err << log;
    return ended.out;
  }

  static ScratchRepository line(std::size_t commits) {
    ScratchRepository scratch;
    std::vector<ScratchCommit> history;
    for (std::size_t i = 0; i < commits; ++i) {
      history.push_back(
          {i == 0 ? std::vector<std::size_t>{} : std::vector{i - 1}, {{"it's a \"file\"", fmt::format("{}", i)}}});
    }
    scratch.add_and_checkout(history);
    return scratch;
  }
};

TEST_F(BisectLogTest, ReplaysALine) {
  const ScratchRepository scratch = line(8);
  const auto& ids = scratch.ids();
  const std::string log = bisect_log(head(ids[7], {ids[0]}),
                                     {entry(Word::bad, ids[4]), entry(Word::good, ids[3]), entry(Word::bad, ids[6])},
                                     entry(Word::bad, ids[4]));
  EXPECT_THAT(replay(scratch, log), HasSubstr(ids[4] + " is the first bad commit"));
  EXPECT_TRUE(log.ends_with(fmt::format("# first bad commit: [{}] about it\n", ids[4])));
}

TEST_F(BisectLogTest, ReplaysTermsPathsSkipsAndFirstParent) {
  const ScratchRepository scratch = line(8);
  const auto& ids = scratch.ids();
  BisectLogHead strange = head(ids[7], {ids[0], ids[1]});
  strange.term_new = "fixed";
  strange.term_old = "broken";
  strange.first_parent = true;
  strange.pathspecs = {"it's a \"file\"", "other file!"};
  const std::string log =
      bisect_log(strange, {entry(Word::good, ids[2]), entry(Word::skip, ids[5]), entry(Word::bad, ids[3])},
                 entry(Word::bad, ids[3]));
  EXPECT_THAT(replay(scratch, log), HasSubstr(ids[3] + " is the first fixed commit"));
}

TEST_F(BisectLogTest, ReplaysARangeOfOneCommit) {
  const ScratchRepository scratch = line(3);
  const auto& ids = scratch.ids();
  for (const auto& entries :
       {std::vector<BisectLogEntry>{}, std::vector{entry(Word::good, ids[1]), entry(Word::bad, ids[2])}}) {
    const std::string log = bisect_log(head(ids[2], {ids[1]}), entries, entry(Word::bad, ids[2]));
    EXPECT_THAT(replay(scratch, log), HasSubstr(ids[2] + " is the first bad commit"));
  }
}

TEST_F(BisectLogTest, ReplaysABadEndThatIsTheCulprit) {
  const ScratchRepository scratch = line(4);
  const auto& ids = scratch.ids();
  const std::string log = bisect_log(head(ids[3], {ids[0]}), {entry(Word::bad, ids[3]), entry(Word::good, ids[2])},
                                     entry(Word::bad, ids[3]));
  EXPECT_THAT(replay(scratch, log), HasSubstr(ids[3] + " is the first bad commit"));
}

/// Two bad commits on branches of their own: the culprit is below both and was not tested.
TEST_F(BisectLogTest, ReplaysAnInferredCulprit) {
  ScratchRepository scratch;
  scratch.add_and_checkout({{{}}, {{0}}, {{1}}, {{2}}, {{2}}, {{3, 4}}});
  const auto& ids = scratch.ids();
  const std::string log = bisect_log(head(ids[5], {ids[0]}),
                                     {entry(Word::bad, ids[3]), entry(Word::bad, ids[4]), entry(Word::good, ids[1])},
                                     entry(Word::bad, ids[2]));
  EXPECT_THAT(replay(scratch, log), HasSubstr(ids[2] + " is the first bad commit"));
}

/// The good end is a sibling of bad, and a good commit lies on another branch than the culprit.
TEST_F(BisectLogTest, ReplaysSiblingsWithoutAskingForMergeBases) {
  //   0 - 1 - 2 (good)
  //   |    `- 3 - 4 - 6 (bad)
  //    `- 5 ---------'
  ScratchRepository scratch;
  scratch.add_and_checkout({{{}}, {{0}}, {{1}}, {{1}}, {{3}}, {{0}}, {{4, 5}}});
  const auto& ids = scratch.ids();
  BisectLogEntry base = entry(Word::good, ids[1]);
  base.merge_base = true;
  const std::string log = bisect_log(
      head(ids[6], {ids[2]}), {base, entry(Word::good, ids[4]), entry(Word::bad, ids[5])}, entry(Word::bad, ids[5]));
  EXPECT_THAT(replay(scratch, log), HasSubstr(ids[5] + " is the first bad commit"));
}

TEST_F(BisectLogTest, WithoutACulpritGitGoesOn) {
  const ScratchRepository scratch = line(9);
  const auto& ids = scratch.ids();
  const std::string log = bisect_log(head(ids[8], {ids[0]}), {entry(Word::good, ids[2])}, std::nullopt);
  EXPECT_THAT(replay(scratch, log), HasSubstr("revisions left to test"));
}

/// Every commit of a random range is tested, in random order; some are skipped.
TEST_F(BisectLogTest, ReplaysRandomSearches) {
  std::size_t replayed = 0;
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random{seed};
    ScratchRepository scratch;
    scratch.add(support::random_history(seed, support::random_shape(seed, 20)));
    scratch.git({"update-ref", "--no-deref", "HEAD", "main"});
    scratch.git({"reset", "--quiet", "--hard"});
    const Repository repository = Repository::open(scratch.path()).value();
    RangeRequest request;
    request.bad = "main";
    request.goods = {scratch.ids()[random() % 19]};
    const Result<Range> range = read_range(repository, request);
    if (!range) {
      continue;
    }
    std::vector<Node> candidates;
    for (Node node = 0; node < range->graph.size(); ++node) {
      if (range->graph.role(node) == Role::candidate) {
        candidates.push_back(node);
      }
    }
    const Node culprit = candidates[random() % candidates.size()];
    std::vector<bool> bad(range->graph.size());
    for (Node node = culprit; node < range->graph.size(); ++node) {
      const auto parents = range->graph.parents(node);
      bad[node] = node == culprit || std::ranges::any_of(parents, [&](Node parent) { return bad[parent]; });
    }
    std::vector<BisectLogEntry> entries;
    for (const OutsideCheck& check : range->outside) {
      entries.push_back(entry(Word::good, check.id.hex()));
      entries.back().merge_base = check.merge_base;
    }
    std::shuffle(candidates.begin(), candidates.end(), random);
    for (const Node node : candidates) {
      entries.push_back(entry(bad[node] ? Word::bad : Word::good, range->ids[node].hex()));
    }
    const std::string hex = range->ids[culprit].hex();
    EXPECT_THAT(
        replay(scratch, bisect_log(head(range->bad.hex(), {range->goods[0].hex()}), entries, entry(Word::bad, hex))),
        HasSubstr(hex + " is the first bad commit"));
    ++replayed;
  }
  EXPECT_GT(replayed, 9U);
}

}  // namespace
}  // namespace nmz::git
