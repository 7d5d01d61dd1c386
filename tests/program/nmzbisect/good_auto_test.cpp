// --good auto: no good revision is known, and one is looked for among the ancestors of the bad end.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class GoodAutoTest : public testing::Test {
 protected:
  /// One test at a time: then their number is certain. Each writes its number down.
  Ended search(std::vector<std::string> options, std::size_t broken_from) {
    options.insert(options.begin(), {"--jobs", "1", "--good", "auto"});
    return place.bisect(repository.path(), arguments(std::move(options),
                                                     shell("cat number >>" + place.note("tested").string() +
                                                           "; test $(cat number) -lt " + std::to_string(broken_from))));
  }
  [[nodiscard]] std::vector<std::string> tested() const { return lines_of(place.note("tested")); }
  void tag(const std::string& name, std::size_t number) { repository.git({"tag", name, repository.ids()[number]}); }

  Workplace place;
  LineRepository repository{100};
};

TEST_F(GoodAutoTest, TriesTagsThenSearchesWithWhatIsKnown) {
  tag("v1", 20);
  repository.git({"tag", "--annotate", "-m", "x", "v2", repository.ids()[60]});
  tag("v3", 90);
  const Ended ended = search({}, 42);
  EXPECT_THAT(ended, Finds(repository.ids()[42]));
  std::vector<std::string> first = tested();
  first.resize(3);
  EXPECT_THAT(first, testing::ElementsAre("90", "60", "20"));
  EXPECT_LE(tested().size(), 3U + 6U) << "40 candidates are left between v1 and v2";
  EXPECT_THAT(ended.err, AllOf(HasSubstr("(v3, v2, v1)"), HasSubstr("and the good end now")));
}

TEST_F(GoodAutoTest, DoublesTheDistanceWhereThereAreNoTags) {
  EXPECT_THAT(search({"--bad", "main"}, 90), Finds(repository.ids()[90]));
  std::vector<std::string> first = tested();
  first.resize(5);
  EXPECT_THAT(first, testing::ElementsAre("98", "97", "95", "91", "83"));
  EXPECT_LE(tested().size(), 5U + 3U);
}

/// What git says who is given the good end that was found.
TEST_F(GoodAutoTest, ItsLogIsOneThatGitReplays) {
  EXPECT_THAT(search({}, 77), Finds(repository.ids()[77]));
  repository.git({"bisect", "replay", place.log_dir() / "bisect.log"});
  EXPECT_THAT(repository.git({"bisect", "log"}), HasSubstr("first bad commit: [" + repository.ids()[77]));
}

TEST_F(GoodAutoTest, SaysSoWhenNothingPasses) {
  const Ended ended = search({"--isolate", "none"}, 0);
  EXPECT_THAT(ended, FailsWith(1));
  EXPECT_THAT(ended.err,
              HasSubstr("nothing tests as good from HEAD back to the root (" + repository.ids()[0].substr(0, 12)));
}

TEST_F(GoodAutoTest, GoesNoFurtherThanItsLimit) {
  tag("v1", 20);
  for (const std::string& limit : {std::string{"10"}, repository.ids()[89]}) {
    const Ended ended = search({"--isolate", "none", "--good-limit", limit}, 50);
    EXPECT_THAT(ended, FailsWith(1));
    EXPECT_THAT(ended.err, HasSubstr("back to --good-limit " + limit));
    const std::vector<std::string> all = tested();
    EXPECT_TRUE(std::ranges::all_of(all, [](const std::string& number) { return std::stoi(number) >= 89; }));
  }
  EXPECT_THAT(search({"--good-limit", "49"}, 51), Finds(repository.ids()[51])) << "the limit itself is tried";
  EXPECT_THAT(search({"--good-limit", "100000"}, 1), Finds(repository.ids()[1])) << "the root is nearer";
}

TEST_F(GoodAutoTest, SaysWhatIsWrongWithItsOptions) {
  EXPECT_THAT(search({"--good", "main~3"}, 1), FailsWith(128));
  EXPECT_THAT(search({"--bad", repository.ids()[0]}, 1).err, HasSubstr("has no ancestor"));
  EXPECT_THAT(search({"--good-limit", "nowhere"}, 1).err, HasSubstr("no such commit: nowhere"));
  EXPECT_THAT(place.bisect(repository.path(), {"--good-limit", "5", "main~3..main", "--", "true"}).err,
              AllOf(HasSubstr("--good-limit is for --good auto"), Not(HasSubstr("good end"))));
}

}  // namespace
}  // namespace nmz::conformance
