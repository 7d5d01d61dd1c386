// --patch and --patch-range: commits that need a repair before they can be tested.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchCommit;
using support::ScratchRepository;
using testing::HasSubstr;

/// "works" says "no" in commits 3 to 12, which a patch makes a "yes"; "extra" goes with commit 9. Broken from 8 on.
class PatchTest : public testing::Test {
 protected:
  PatchTest() {
    std::vector<ScratchCommit> history = line(16);
    history[0].files["works"] = "first\nyes\n";
    history[0].files["extra"] = "here\n";
    history[3].files["works"] = "first\nno\n";
    history[13].files["works"] = "first\nyes\n";
    history[9].removed = {"extra"};
    repository.add_and_checkout(history);
    support::write_file(patch, repository.git({"diff", repository.ids()[5], repository.ids()[0], "--", "works"}) +
                                   "\ndiff --git a/made b/made\nnew file mode 100755\n--- /dev/null\n+++ b/made\n"
                                   "@@ -0,0 +1 @@\n+by the patch\n");
  }

  /// Each test writes down what it sees, and skips what does not work.
  Ended search(std::vector<std::string> options) {
    options.push_back(repository.ids().front() + ".." + repository.ids().back());
    const std::string note = place.note("seen").string();
    return place.bisect(repository.path(),
                        arguments(std::move(options),
                                  shell("n=$(cat number); echo $n $(tail -n1 works) $(test -x made && cat made) >>" +
                                        note + "; grep -q yes works || exit 125; test $n -lt 8")));
  }

  Workplace place;
  ScratchRepository repository;
  fs::path patch = place.path() / "repair.patch";
};

TEST_F(PatchTest, WithoutItMostCannotBeTested) { EXPECT_THAT(search({"--jobs", "1"}), FailsWith(2)); }

TEST_F(PatchTest, OnlyInItsRangeTheOthersAreAsTheyAre) {
  const std::string range = repository.ids()[2] + ".." + repository.ids()[12] + '=' + patch.string();
  for (const char* jobs : {"1", "3"}) {
    EXPECT_THAT(search({"--jobs", jobs, "--patch-range", range}), Finds(repository.ids()[8]));
  }
  for (const std::string& seen : lines_of(place.note("seen"))) {
    const int number = std::stoi(seen);
    const bool patched = number > 2 && number < 13;
    EXPECT_EQ(seen, std::to_string(number) + (patched ? " yes by the patch" : " yes"));
  }
}

TEST_F(PatchTest, WhatItDoesNotApplyToIsSkippedAndTold) {
  EXPECT_THAT(search({"--jobs", "1", "--trust-ends", "--patch", patch.string()}), Finds(repository.ids()[8]));
  support::write_file(patch, "--- a/works\n+++ b/works\n@@ -1,2 +1,2 @@\n first\n-never\n+yes\n");
  const Ended ended = search({"--jobs", "2", "--patch", patch.string()});
  EXPECT_THAT(ended, FailsWith(4));
  EXPECT_THAT(ended.err, HasSubstr("the patch '" + patch.string() + "' does not apply: patch failed: works:1"));
}

TEST_F(PatchTest, TheUsersRepositoryIsLeftAlone) {
  const std::string before = repository.git({"count-objects", "-v"});
  EXPECT_THAT(search({"--trust-ends", "--patch", patch.string()}), Finds(repository.ids()[8]));
  EXPECT_EQ(repository.git({"count-objects", "-v"}), before);
  EXPECT_EQ(repository.git({"status", "--porcelain"}), "");
  EXPECT_THAT(place.leftovers(), testing::IsEmpty());
}

/// Line ends as a checkout writes them; a deleted file; a patch in the directory where the user is.
TEST_F(PatchTest, FilesComeOutAsFromACheckout) {
  ScratchRepository dos;
  std::vector<ScratchCommit> history = line(4);
  history[0].files[".gitattributes"] = "*.bat eol=crlf\n";
  history[0].files["run.bat"] = "one\n";
  history[0].files["gone"] = "gone\n";
  dos.add_and_checkout(history);
  support::write_file(dos.path() / "p",
                      "diff --git a/run.bat b/run.bat\n--- a/run.bat\n+++ b/run.bat\n@@ -1 +1 @@\n-one\n+two\n"
                      "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n"
                      "-gone\n");
  EXPECT_THAT(place.bisect(dos.path(),
                           arguments({"--patch", "p", "main~3..main"},
                                     shell("test -e gone && exit 200; printf 'two\\r\\n' | cmp - run.bat || exit 201; "
                                           "test $(cat number) -lt 2"))),
              Finds(dos.ids()[2]));
}

TEST_F(PatchTest, SaysWhatIsWrongInOneLine) {
  EXPECT_THAT(search({"--patch", "nowhere"}).err, HasSubstr("cannot read the patch 'nowhere'"));
  EXPECT_THAT(search({"--patch-range", patch.string()}).err, HasSubstr("--patch-range is A..B=FILE"));
  EXPECT_THAT(search({"--patch-range", "main..nowhere=" + patch.string()}).err, HasSubstr("no such commit: nowhere"));
  EXPECT_THAT(search({"--pristine", "--patch", patch.string()}), FailsWith(128));
}

}  // namespace
}  // namespace nmz::conformance
