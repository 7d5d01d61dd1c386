// The range as a graph, against git's own answers on random histories, and every way in which a range can be wrong.
#include "nmz/git/range.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/git/repository.hpp"

#include "support/random_history.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

using search::Node;
using search::Role;
using support::ScratchCommit;
using support::ScratchRepository;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class RangeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  static Repository open(const ScratchRepository& scratch) {
    Result<Repository> repository = Repository::open(scratch.path());
    if (!repository) {
      throw std::runtime_error{repository.error().message};
    }
    return *repository;
  }

  static RangeRequest between(std::vector<std::string> goods, std::string bad) {
    RangeRequest request;
    request.goods = std::move(goods);
    request.bad = std::move(bad);
    return request;
  }

  static std::string error_of(const ScratchRepository& scratch, const RangeRequest& request) {
    const Result<Range> range = read_range(open(scratch), request);
    EXPECT_FALSE(range.has_value());
    return range ? "" : range.error().message;
  }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::set<std::string> candidates_of(const Range& range) {
  std::set<std::string> ids;
  for (Node node = 0; node < range.graph.size(); ++node) {
    if (range.graph.role(node) == Role::candidate) {
      ids.insert(range.ids[node].hex());
    }
  }
  return ids;
}

/// For every node the candidates that are its ancestors or itself.
std::vector<std::set<std::string>> candidate_ancestors(const Range& range) {
  std::vector<std::set<std::string>> result(range.graph.size());
  for (Node node = 0; node < range.graph.size(); ++node) {
    if (range.graph.role(node) == Role::candidate) {
      result[node].insert(range.ids[node].hex());
    }
    for (const Node parent : range.graph.parents(node)) {
      EXPECT_LT(parent, node);
      result[node].insert(result[parent].begin(), result[parent].end());
    }
  }
  return result;
}

std::set<std::string> rev_list(const ScratchRepository& scratch, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "rev-list");
  const std::vector<std::string> lines = lines_of(scratch.git(arguments));
  return {lines.begin(), lines.end()};
}

std::vector<std::string> range_arguments(const Range& range, const std::string& bad, const RangeRequest& request) {
  std::vector<std::string> arguments;
  if (request.first_parent) {
    arguments.emplace_back("--first-parent");
  }
  arguments.push_back(bad);
  for (const CommitId& good : range.goods) {
    arguments.push_back("^" + good.hex());
  }
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), request.pathspecs.begin(), request.pathspecs.end());
  return arguments;
}

/// The random ends of one trial: the bad end is the last commit, the goods are any other commits.
RangeRequest random_request(const ScratchRepository& scratch, std::mt19937_64& random) {
  RangeRequest request;
  request.bad = scratch.ids().back();
  for (std::size_t i = 0, count = 1 + random() % 3; i < count; ++i) {
    request.goods.push_back(scratch.ids()[random() % (scratch.ids().size() - 1)]);
  }
  request.first_parent = random() % 4 == 0;
  if (random() % 2 == 0) {
    request.pathspecs.push_back(fmt::format("f{}", random() % 3));
  }
  return request;
}

void expect_ends(const ScratchRepository& scratch, const Range& range) {
  for (const CommitId& good : range.goods) {
    const bool ancestor = scratch.try_git({"merge-base", "--is-ancestor", good.hex(), range.bad.hex()}).exit_code == 0;
    const bool node = std::ranges::find(range.ids, good) != range.ids.end();
    const bool outside =
        std::ranges::any_of(range.outside, [&](const OutsideCheck& check) { return check.id == good; });
    EXPECT_EQ(node, ancestor) << good.hex();
    EXPECT_EQ(outside, !ancestor) << good.hex();
  }
  EXPECT_EQ(range.ids.at(range.graph.bad_end()), range.bad);
}

TEST_F(RangeTest, IsWhatGitListsOnRandomHistories) {
  std::size_t read = 0;
  for (std::uint64_t seed = 1; seed <= 35; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random{seed};
    ScratchRepository scratch;
    scratch.add(support::random_history(seed, support::random_shape(seed, 30)));
    const RangeRequest request = random_request(scratch, random);
    const Result<Range> range = read_range(open(scratch), request);
    if (!range) {
      EXPECT_THAT(range.error().message, HasSubstr("touches"));
      continue;
    }
    ++read;
    EXPECT_EQ(candidates_of(*range), rev_list(scratch, range_arguments(*range, request.bad, request)));
    expect_ends(scratch, *range);
    const std::vector<std::set<std::string>> ancestors = candidate_ancestors(*range);
    EXPECT_EQ(ancestors.back(), candidates_of(*range)) << "every candidate is an ancestor of the bad end";
    if (request.pathspecs.empty()) {
      const auto node = static_cast<Node>(random() % range->graph.size());
      if (range->graph.role(node) == Role::candidate) {
        EXPECT_EQ(ancestors[node], rev_list(scratch, range_arguments(*range, range->ids[node].hex(), request)));
      }
    }
  }
  EXPECT_GT(read, 22U);
}

TEST_F(RangeTest, GoodEndIsTheParentOfTheOldestCandidate) {
  ScratchRepository scratch;
  scratch.add(support::random_history(1, [] {
    support::HistoryShape line;
    line.commits = 6;
    line.merges = 0;
    line.window = 1;
    return line;
  }()));
  const Result<Range> range = read_range(open(scratch), between({"main~3", "main~4"}, "main"));
  ASSERT_TRUE(range.has_value());
  // The nearest good, the candidates, and the older good beside the bad end.
  EXPECT_EQ(range->graph.size(), 5U);
  EXPECT_EQ(range->ids[0].hex(), scratch.ids()[2]);
  EXPECT_EQ(range->graph.role(0), Role::good_end);
  EXPECT_THAT(range->graph.parents(1), ElementsAre(0U));
  EXPECT_EQ(range->ids[3].hex(), scratch.ids()[1]);
  EXPECT_THAT(range->graph.parents(4), ElementsAre(2U, 3U));
}

/// 0 - 1 - 2 (good)
///   `- 3 - 4 (bad)
TEST_F(RangeTest, MergeBaseAndSiblingAreTestedOutside) {
  ScratchRepository scratch;
  scratch.add({{{}}, {{0}}, {{1}}, {{0}}, {{3}}});
  const Result<Range> range = read_range(open(scratch), between({scratch.ids()[2]}, "main"));
  ASSERT_TRUE(range.has_value()) << range.error().message;
  ASSERT_EQ(range->outside.size(), 2U);
  EXPECT_TRUE(range->outside[0].merge_base);
  EXPECT_EQ(range->outside[0].id.hex(), scratch.ids()[0]);
  EXPECT_FALSE(range->outside[1].merge_base);
  EXPECT_EQ(range->outside[1].id.hex(), scratch.ids()[2]);
  EXPECT_EQ(candidates_of(*range), (std::set<std::string>{scratch.ids()[3], scratch.ids()[4]}));
}

TEST_F(RangeTest, MergeBaseThatIsAGivenGoodIsNotTestedAgain) {
  ScratchRepository scratch;
  scratch.add({{{}}, {{0}}, {{1}}, {{0}}, {{3}}});
  const Result<Range> range = read_range(open(scratch), between({scratch.ids()[2], scratch.ids()[0]}, "main"));
  ASSERT_TRUE(range.has_value());
  ASSERT_EQ(range->outside.size(), 1U);
  EXPECT_FALSE(range->outside[0].merge_base);
}

TEST_F(RangeTest, BadEndThatTouchesNothingIsAPassage) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "0"}}}, {{0}, {{"a", "1"}}}, {{1}, {{"b", "1"}}}});
  RangeRequest request = between({scratch.ids()[0]}, "main");
  request.pathspecs = {"a"};
  const Result<Range> range = read_range(open(scratch), request);
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(candidates_of(*range), std::set<std::string>{scratch.ids()[1]});
  EXPECT_EQ(range->graph.role(range->graph.bad_end()), Role::passage);
}

TEST_F(RangeTest, PathspecsCountFromTheStartDirectory) {
  ScratchRepository scratch;
  scratch.add_and_checkout({{{}, {{"d/a", "0"}, {"a", "0"}}}, {{0}, {{"a", "1"}}}, {{1}, {{"d/a", "1"}}}});
  RangeRequest request = between({scratch.ids()[0]}, "main");
  request.pathspecs = {"a"};
  const Result<Repository> repository = Repository::open(scratch.path() / "d");
  ASSERT_TRUE(repository.has_value());
  const Result<Range> range = read_range(*repository, request);
  ASSERT_TRUE(range.has_value()) << range.error().message;
  EXPECT_EQ(candidates_of(*range), std::set<std::string>{scratch.ids()[2]});
}

TEST_F(RangeTest, SaysWhatIsWrongInOneLine) {
  ScratchRepository scratch;
  ScratchCommit stranger;
  stranger.message = "another beginning";
  scratch.add({{{}, {{"a", "0"}}}, {{0}}, {{1}, {{"a", "1"}}}, stranger, {{2}}});
  const std::vector<std::string>& ids = scratch.ids();
  EXPECT_THAT(error_of(scratch, between({ids[0]}, "nowhere")), "no such commit: nowhere");
  EXPECT_THAT(error_of(scratch, between({"main:a"}, "main")), "no such commit: main:a");
  EXPECT_THAT(error_of(scratch, between({"--all"}, "main")), "no such commit: --all");
  EXPECT_THAT(error_of(scratch, between({}, "main")), HasSubstr("no good revision"));
  EXPECT_THAT(error_of(scratch, between({ids[4]}, "main")), HasSubstr("same commit"));
  EXPECT_THAT(error_of(scratch, between({ids[2]}, ids[0])), HasSubstr("wrong way round"));
  RangeRequest untouched = between({ids[0]}, "main");
  untouched.pathspecs = {"nothing"};
  EXPECT_THAT(error_of(scratch, untouched), HasSubstr("touches the given paths"));
}

TEST_F(RangeTest, WithoutCommonHistoryTheGoodEndIsASibling) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "0"}}}, {{0}}, {{}, {{"b", "0"}}}, {{2}}});
  const Result<Range> range = read_range(open(scratch), between({scratch.ids()[1]}, "main"));
  ASSERT_TRUE(range.has_value()) << range.error().message;
  EXPECT_EQ(candidates_of(*range), (std::set<std::string>{scratch.ids()[2], scratch.ids()[3]}));
  ASSERT_EQ(range->outside.size(), 1U);
  EXPECT_EQ(range->outside.front().id.hex(), scratch.ids()[1]);
  EXPECT_FALSE(range->outside.front().merge_base);
}

TEST_F(RangeTest, UnderstandsEveryRevisionSyntax) {
  ScratchRepository scratch;
  ScratchCommit tagged{{0}};
  tagged.message = "the needle in here\n\nbody";
  scratch.add({{{}}, tagged, {{1}}});
  scratch.git({"tag", "--annotate", "-m", "x", "v1", scratch.ids()[1]});
  scratch.git({"update-ref", "refs/heads/-x", scratch.ids()[1]});
  const Repository repository = open(scratch);
  for (const char* revision : {"v1", "main~1", "main^{/needle}", ":/needle", "v1^{}", "v1~0", "-x", "heads/-x"}) {
    const Result<CommitId> id = repository.commit(revision);
    ASSERT_TRUE(id.has_value()) << revision << ": " << id.error().message;
    EXPECT_EQ(id->hex(), scratch.ids()[1]) << revision;
  }
  EXPECT_EQ(repository.commit(scratch.ids()[1].substr(0, 12)).value().hex(), scratch.ids()[1]);
}

TEST_F(RangeTest, ShallowCloneNamesTheRemedy) {
  ScratchRepository scratch;
  scratch.add(support::random_history(1, support::HistoryShape{}));
  ScratchRepository::git_in(scratch.parent(),
                            {"clone", "--quiet", "--depth=2", "file://" + scratch.path().string(), "shallow"});
  const Result<Repository> shallow = Repository::open(scratch.parent() / "shallow");
  ASSERT_TRUE(shallow.has_value());
  EXPECT_TRUE(shallow->shallow());
  const Result<Range> range = read_range(*shallow, between({scratch.ids()[0]}, "HEAD"));
  ASSERT_FALSE(range.has_value());
  EXPECT_THAT(range.error().message, HasSubstr("git fetch --unshallow"));
}

TEST_F(RangeTest, MissingCommitIsRejected) {
  ScratchRepository scratch;
  scratch.add({{{}}, {{0}}, {{1}}, {{2}}});
  scratch.git({"config", "core.commitGraph", "false"});
  const std::string& lost = scratch.ids()[1];
  ASSERT_TRUE(std::filesystem::remove(scratch.path() / ".git/objects" / lost.substr(0, 2) / lost.substr(2)));
  const Result<Range> range = read_range(open(scratch), between({scratch.ids()[0]}, "main"));
  ASSERT_FALSE(range.has_value());
  EXPECT_EQ(range.error().kind, ErrorKind::rejected);
  EXPECT_THAT(range.error().message, AllOf(HasSubstr("fsck"), Not(HasSubstr("\n"))));
}

}  // namespace
}  // namespace nmz::git
