// The files a test sees are those `git checkout` would have made, and git works among them.
//
// All commits of a history are tested (the middle ones say "skip", so the search tries every one), on one worker, so
// that its tree goes through many changes in an order of the program's choosing. Each test writes down a manifest of
// its tree; the same script runs in a fresh clone of each commit, and the two have to be equal byte for byte.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/random_history.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchCommit;
using support::ScratchFile;
using support::ScratchRepository;
using testing::Each;
using testing::IsEmpty;

/// Kind, mode, link target and name of everything, and the sum of every file's content.
constexpr const char* manifest =
    "{ find . -mindepth 1 -name .git -prune -o -printf '%y %m %l %P\\0'; "
    "find . -mindepth 1 -name .git -prune -o -type f -print0 | xargs -0 sha1sum -z; } | LC_ALL=C sort -z";

class CheckoutTest : public testing::Test {
 protected:
  /// Tests every commit of the range with `script`; the first is good and the last bad.
  Ended test_all(const ScratchRepository& repository, const std::string& first, const std::string& last,
                 const std::string& script) {
    const std::string verdict = "case $NMZ_COMMIT in " + first + ") exit 0;; " + last + ") exit 1;; *) exit 125;; esac";
    return place.bisect(repository.path(),
                        arguments({"--jobs", "1", first + ".." + last}, shell(script + "; " + verdict)));
  }
  Ended test_all(const ScratchRepository& repository, const std::string& script) {
    return test_all(repository, repository.ids().front(), repository.ids().back(), script);
  }

  /// Expects the same manifests from the tests and from fresh clones.
  void expect_as_checked_out(const ScratchRepository& repository, std::size_t at_least) {
    const Ended ended = test_all(repository, std::string{manifest} + " > $NOTES/$NMZ_COMMIT");
    EXPECT_THAT(ended, FailsWith(2));
    std::size_t compared = 0;
    for (const std::string& id : repository.ids()) {
      if (!fs::exists(place.note(id))) {
        continue;
      }
      EXPECT_EQ(support::read_file(place.note(id)), fresh_manifest(repository, id)) << "commit " << id;
      ++compared;
    }
    EXPECT_GE(compared, at_least);
  }

  [[nodiscard]] std::string fresh_manifest(const ScratchRepository& repository, const std::string& id) const {
    const fs::path clone = place.path() / "clones" / id;
    ScratchRepository::git_in(place.path(),
                              {"clone", "--quiet", "--shared", "--no-checkout", repository.path(), clone});
    ScratchRepository::git_in(clone, {"checkout", "--quiet", "--detach", id});
    std::string result = support::run_program(place.program(clone, shell(manifest))).out;
    fs::remove_all(clone);
    return result;
  }

  Workplace place;
};

TEST_F(CheckoutTest, OfRandomHistories) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    ScratchRepository repository;
    support::HistoryShape shape;
    shape.commits = 10;
    shape.window = 3;
    repository.add(support::random_history(seed, shape));
    expect_as_checked_out(repository, 2);
  }
}

TEST_F(CheckoutTest, OfOddNamesModesAndLinks) {
  ScratchRepository repository;
  const std::string big(3'000'000, 'b');
  repository.add({ScratchCommit{{}, {{"plain", "1\n"}}},
                  ScratchCommit{{0},
                                {{"-dash", "x"},
                                 {"a b ", "x"},
                                 {"new\nline", "x"},
                                 {"tab\t\"quote\"", "x"},
                                 {"\xff\xfe bytes", "x"},
                                 {"\u00fcml\u00e4ut", "x"},
                                 {"Case", "1"},
                                 {"case", "2"},
                                 {"dots...", "x"},
                                 {"d/e/e/p/file", "x"},
                                 {".hidden/.file", "x"},
                                 {"back\\slash", "x"},
                                 {"*", "x"},
                                 {"con", "x"},
                                 {"empty", ""},
                                 {"big", big}}},
                  ScratchCommit{{1},
                                {{"run", {"100755", "#!/bin/sh\n"}},
                                 {"link", {"120000", "plain"}},
                                 {"dangling", {"120000", "no/such"}},
                                 {"dirlink", {"120000", "d/e"}},
                                 {"longlink", {"120000", std::string(2000, 'l')}}}},
                  ScratchCommit{{2}, {{"run", {"100644", "#!/bin/sh\n"}}, {"plain", {"100755", "1\n"}}}},
                  ScratchCommit{{3}, {{"link", "now a file\n"}, {"dangling/now/a", "directory\n"}}},
                  ScratchCommit{{4}, {{"d", "now a file\n"}, {"plain", {"120000", "link"}}}},
                  ScratchCommit{{5}, {{"big", big + "more"}, {"last", "x"}}}});
  expect_as_checked_out(repository, 7);
}

TEST_F(CheckoutTest, ThroughFilters) {
  ScratchRepository repository;
  const std::string attributes =
      "*.crlf text eol=crlf\n*.lf text eol=lf\n*.id ident\n*.bin -text\n*.u16 text "
      "working-tree-encoding=UTF-16LE-BOM\n";
  const std::map<std::string, ScratchFile> files{{".gitattributes", attributes},
                                                 {"a.crlf", "1\n2\n"},
                                                 {"a.lf", "1\n2\n"},
                                                 {"a.id", "$Id$ and text\n"},
                                                 {"a.bin", "1\r\n2\n"},
                                                 {"a.u16", "text\n"},
                                                 {"sub/.gitattributes", "*.lf eol=crlf\n"},
                                                 {"sub/b.lf", "1\n"}};
  repository.add({ScratchCommit{{}, files}, ScratchCommit{{0}, {{"a.crlf", "1\n2\n3\n"}, {"a.id", "$Id$ other\n"}}},
                  ScratchCommit{{1}, {{"a.u16", "\u00fcml\n"}, {"c.crlf", "x\n"}}},
                  ScratchCommit{{2}, {{"last", "x"}}}});
  expect_as_checked_out(repository, 4);
}

TEST_F(CheckoutTest, ThroughTheUsersOwnFilters) {
  ScratchRepository repository;
  repository.git({"config", "core.autocrlf", "true"});
  repository.add({ScratchCommit{{}, {{"text", "1\n2\n"}}}, ScratchCommit{{0}, {{"text", "1\n2\n3\n"}}},
                  ScratchCommit{{1}, {{"last", "x\n"}}}});
  EXPECT_THAT(test_all(repository, "grep -c '\r' text >> $NOTES/returns; git status --porcelain >> $NOTES/status"),
              FailsWith(2));
  EXPECT_THAT(lines_of(place.note("returns")), testing::UnorderedElementsAre("2", "3", "3"));
  EXPECT_THAT(lines_of(place.note("status")), IsEmpty());
}

TEST_F(CheckoutTest, WhenOnlyTheAttributesChange) {
  ScratchRepository repository;
  repository.add({ScratchCommit{{}, {{"a.txt", "1\n2\n"}, {".gitattributes", "*.txt text eol=lf\n"}}},
                  ScratchCommit{{0}, {{".gitattributes", "*.txt text eol=crlf\n"}}},
                  ScratchCommit{{1}, {{".gitattributes", "*.txt text eol=lf\n# again\n"}}},
                  ScratchCommit{{2}, {{".gitattributes", "*.txt text eol=crlf\n# again\n"}}}});
  expect_as_checked_out(repository, 4);
}

TEST_F(CheckoutTest, OfTheEmptyTree) {
  ScratchRepository repository;
  ScratchCommit emptied{{0}};
  emptied.removed = {"d/file"};
  repository.add({ScratchCommit{{}, {{"d/file", "1\n"}}}, emptied, ScratchCommit{{1}, {{"d", "1\n"}}},
                  ScratchCommit{{2}, {{"last", "x"}}}});
  expect_as_checked_out(repository, 4);
}

TEST_F(CheckoutTest, GitAnswersForTheCommitUnderTest) {
  LineRepository repository{8};
  repository.git({"tag", "--annotate", "--message=one", "v1", repository.ids()[2]});
  repository.git({"tag", "--annotate", "--message=two", "v2", repository.ids()[5]});
  repository.git({"branch", "topic", repository.ids()[3]});
  const std::string script =
      "echo $(git rev-parse HEAD) $NMZ_COMMIT $(git describe --always) $(git log -1 --format=%s) >> $NOTES/heads; "
      "git status --porcelain >> $NOTES/status; git diff >> $NOTES/status; git diff --cached >> $NOTES/status; "
      "git show-ref | cksum >> $NOTES/refs; git symbolic-ref -q HEAD >> $NOTES/attached; "
      "git rev-parse --show-prefix --is-inside-work-tree | tr -d '\\n' >> $NOTES/inside; echo >> $NOTES/inside";
  EXPECT_THAT(test_all(repository, script), FailsWith(2));
  std::vector<std::string> expected;
  for (const std::string& id : repository.ids()) {
    expected.push_back(fmt::format("{0} {0} {1} {2}", id, repository.git({"describe", "--always", id}),
                                   repository.git({"log", "-1", "--format=%s", id})));
  }
  EXPECT_THAT(lines_of(place.note("heads")), testing::UnorderedElementsAreArray(expected));
  EXPECT_THAT(lines_of(place.note("status")), IsEmpty());
  EXPECT_THAT(lines_of(place.note("attached")), IsEmpty()) << "HEAD has to be detached";
  EXPECT_THAT(lines_of(place.note("inside")), Each("true"));
  const Ended refs = support::run_program(place.program(repository.path(), shell("git show-ref | cksum")));
  EXPECT_THAT(lines_of(place.note("refs")), Each(split_lines(refs.out).at(0)));
}

TEST_F(CheckoutTest, SubmodulesThatArePresentAreLaidOut) {
  LineRepository inner{3, {}, "inner"};
  LineRepository repository{2};
  repository.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner.path(), "mod"});
  repository.git({"commit", "--quiet", "--message=submodule"});
  std::vector<std::string> ids = repository.ids();
  ids.push_back(repository.git({"rev-parse", "HEAD"}));
  ScratchRepository::git_in(repository.path() / "mod", {"checkout", "--quiet", "HEAD~1"});
  repository.git({"commit", "--quiet", "--all", "--message=older submodule"});
  ids.push_back(repository.git({"rev-parse", "HEAD"}));
  const Ended ended = test_all(repository, ids[1], ids[3],
                               "echo $NMZ_COMMIT $(cat mod/number) >> $NOTES/mod; "
                               "git status --porcelain >> $NOTES/status");
  EXPECT_THAT(ended, FailsWith(2));
  EXPECT_THAT(lines_of(place.note("mod")), testing::Contains(ids[2] + " 2"));
  EXPECT_THAT(lines_of(place.note("mod")), testing::Contains(ids[3] + " 1"));
  EXPECT_THAT(lines_of(place.note("status")), IsEmpty());
}

TEST_F(CheckoutTest, SubmodulesThatAreAbsentAreEmptyDirectories) {
  ScratchRepository repository;
  const std::string elsewhere(40, '1');
  repository.add({ScratchCommit{{}, {{"plain", "1\n"}}},
                  ScratchCommit{{0},
                                {{"mod", {"160000", elsewhere}},
                                 {".gitmodules", "[submodule \"mod\"]\n\tpath = mod\n\turl = ../mod\n"}}},
                  ScratchCommit{{1}, {{"last", "x"}}}});
  expect_as_checked_out(repository, 3);
}

}  // namespace
}  // namespace nmz::conformance
