// A search that was begun with `git bisect start` and is ended by nmzbisect; and one from a log.
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

class SessionTest : public testing::Test {
 protected:
  [[nodiscard]] Ended search(std::vector<std::string> options, const std::vector<std::string>& command) const {
    return place.bisect(repository.path(), arguments(std::move(options), command));
  }
  [[nodiscard]] std::string id(std::size_t number) const { return repository.ids()[number]; }
  /// The last line of git's log.
  [[nodiscard]] std::string last_line() const {
    const std::vector<std::string> lines = split_lines(repository.git({"bisect", "log"}));
    return lines.empty() ? std::string{} : lines.back();
  }
  [[nodiscard]] std::string bad_ref(const std::string& term = "bad") const {
    return split_lines(repository.git({"rev-parse", "refs/bisect/" + term})).front();
  }

  Workplace place;
  LineRepository repository{60};
};

TEST_F(SessionTest, EndsAsGitsOwnRunDoes) {
  const auto begin = [&] {
    repository.git({"bisect", "start", "main", id(3)});
    repository.git({"bisect", "skip", id(30)});
  };
  begin();
  static_cast<void>(repository.git({"bisect", "run", "sh", "-c", "test $(cat number) -lt 42"}));
  const std::string theirs = last_line();
  ASSERT_EQ(bad_ref(), id(42));
  repository.git({"bisect", "reset"});

  begin();
  const std::string head = repository.git({"rev-parse", "HEAD"});
  const Ended ended = search({}, fails_from(42));
  EXPECT_THAT(ended, Finds(id(42)));
  EXPECT_THAT(ended.err, AllOf(HasSubstr("goes on with the git bisect session: 1 bad, 1 good, 1 skipped"),
                               HasSubstr("the git bisect session knows what was found")));
  EXPECT_EQ(last_line(), theirs);
  EXPECT_EQ(bad_ref(), id(42));
  EXPECT_EQ(repository.git({"rev-parse", "HEAD"}), head) << "the checkout is the user's";
  repository.git({"bisect", "reset"});
  EXPECT_EQ(repository.git({"symbolic-ref", "HEAD"}), "refs/heads/main");
}

TEST_F(SessionTest, ItsTermsAndSkipsHold) {
  repository.git({"bisect", "start", "--term-old", "broken", "--term-new", "fixed", "main", id(0)});
  repository.git({"bisect", "skip", id(20), id(21)});
  const Ended ended =
      search({"--find-fix"}, shell("cat number >>" + place.note("tested").string() + "; test $(cat number) -ge 20"));
  EXPECT_THAT(lines_of(place.note("tested")), Not(testing::Contains("20")));
  EXPECT_EQ(ended.exit_code, 2) << ended.err;
  EXPECT_THAT(repository.git({"bisect", "log"}), AllOf(HasSubstr("# only skipped commits left to test\n"),
                                                       HasSubstr("# possible first fixed commit: [" + id(20) + "]")));
  EXPECT_EQ(bad_ref("fixed"), id(22));
}

TEST_F(SessionTest, WhatIsSaidOnTheCommandLineGoesBefore) {
  repository.git({"bisect", "start", "main", id(50)});
  const Ended ended = search({id(0) + "..main"}, fails_from(7));
  EXPECT_THAT(ended, Finds(id(7)));
  EXPECT_THAT(ended.err, Not(HasSubstr("session")));
  EXPECT_EQ(bad_ref(), id(59));
}

TEST_F(SessionTest, WhatIsMissingIsSaid) {
  EXPECT_THAT(search({}, fails_from(7)).err, HasSubstr("what to search is missing"));
  repository.git({"bisect", "start"});
  repository.git({"bisect", "bad"});
  const Ended ended = search({}, fails_from(7));
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, HasSubstr("the git bisect session has no good commit yet: git bisect good REV"));
}

TEST_F(SessionTest, ALogIsReplayed) {
  repository.git({"bisect", "start", "main", id(3)});
  repository.git({"bisect", "good", id(10)});
  support::write_file(place.note("bisect log"), repository.git({"bisect", "log"}));
  repository.git({"bisect", "reset"});
  const std::string file = place.note("bisect log").string();
  EXPECT_THAT(search({"--replay", file}, fails_from(42)), Finds(id(42)));
  EXPECT_THAT(search({"--replay", file, id(3) + "..main"}, fails_from(42)).err, HasSubstr("it needs no GOOD..BAD"));
  EXPECT_THAT(search({"--replay", file + "x"}, fails_from(42)).err, HasSubstr("cannot read '" + file + "x'"));
  EXPECT_TRUE(repository.git({"for-each-ref", "refs/bisect"}).empty());
}

TEST_F(SessionTest, SkipsAreGivenAsRangesToo) {
  const Ended ended = search({"--skip", id(9) + ".." + id(13), "--skip", id(11), repository.range()},
                             shell("test $(cat number) -ne 12 && test $(cat number) -lt 42"));
  EXPECT_THAT(ended, Finds(id(42)));
  EXPECT_THAT(search({"--skip", "nowhere", repository.range()}, fails_from(4)).err, HasSubstr("nowhere"));
  EXPECT_THAT(search({"--skip", "no..where", repository.range()}, fails_from(4)).err, HasSubstr("--skip no..where"));
}

}  // namespace
}  // namespace nmz::conformance
