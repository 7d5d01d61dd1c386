// Commits made to write where they should not: through links, above their tree, into the git directory. Such a commit
// cannot be tested, and nothing of it may appear outside of a work tree.
//
// git itself refuses to check these trees out; they are put together here from raw tree objects. The history is
// 0 - 1 - hostile - 3, broken since 3, so a hostile commit that is skipped leaves two suspects.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchCommit;
using support::ScratchRepository;
using testing::AnyOf;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// A tree's entries as git stores them; names are not looked at by anything here.
class RawTree {
 public:
  RawTree& entry(const std::string& mode, const std::string& name, const std::string& id) {
    bytes_ += mode + ' ' + name + '\0';
    for (std::size_t i = 0; i < id.size(); i += 2) {
      bytes_ += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
    }
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class HostileTreeTest : public testing::Test {
 protected:
  HostileTreeTest() { repository.add_and_checkout(line(2)); }

  std::string object(const std::string& type, const std::string& bytes) const {
    support::Program program =
        support::git_program(repository.path(), {"hash-object", "-t", type, "-w", "--literally", "--stdin"});
    program.input = bytes;
    return split_lines(support::run_program(program).out).at(0);
  }
  std::string commit(const std::string& tree, const std::string& parent) const {
    return repository.git({"commit-tree", "-m", "made by hand", "-p", parent, tree});
  }

  /// Expects that a commit with this tree is skipped and that nothing named "escaped" came to be.
  void expect_skipped(const RawTree& tree) {
    const std::string hostile = commit(object("tree", tree.bytes()), repository.ids()[1]);
    const std::string after = object("tree", RawTree{}.entry("100644", "number", object("blob", "3\n")).bytes());
    const std::string last = commit(after, hostile);
    const std::string script = fmt::format(
        "find {} -name 'escaped*' >> $NOTES/found; git config --get my.escaped >> "
        "$NOTES/found; test $(cat number) -lt 2",
        place.path().string());
    const Ended ended =
        place.bisect(repository.path(), arguments({"--jobs", "1", repository.ids()[0] + ".." + last}, shell(script)));
    EXPECT_THAT(ended, FailsWith(2));
    EXPECT_THAT(ids_in(ended.out), UnorderedElementsAre(hostile, last)) << everything(ended);
    EXPECT_THAT(lines_of(place.note("found")), IsEmpty());
    EXPECT_THAT(place.leftovers(), IsEmpty());
  }

  Workplace place;
  ScratchRepository repository;
  const std::string blob = object("blob", "0\n");
};

TEST_F(HostileTreeTest, NamesThatClimb) {
  const std::string inner = object("tree", RawTree{}.entry("100644", "escaped", blob).bytes());
  expect_skipped(RawTree{}.entry("40000", "..", inner).entry("100644", "number", blob));
  const std::string twice = object("tree", RawTree{}.entry("40000", "..", inner).bytes());
  expect_skipped(RawTree{}.entry("40000", "..", twice).entry("100644", "number", blob));
  expect_skipped(RawTree{}.entry("100644", "../escaped", blob).entry("100644", "number", blob));
  expect_skipped(RawTree{}.entry("100644", "a/../../escaped", blob).entry("100644", "number", blob));
  expect_skipped(RawTree{}.entry("100644", (place.path() / "escaped").string(), blob).entry("100644", "number", blob));
}

TEST_F(HostileTreeTest, NamesOfTheGitDirectory) {
  const std::string config = object("blob", "[my]\n\tescaped = yes\n");
  const std::string inner = object("tree", RawTree{}.entry("100644", "config", config).bytes());
  for (const char* name : {".git", ".GIT", ".Git"}) {
    SCOPED_TRACE(name);
    expect_skipped(RawTree{}.entry("40000", name, inner).entry("100644", "number", blob));
    const std::string below = object("tree", RawTree{}.entry("40000", name, inner).bytes());
    expect_skipped(RawTree{}.entry("100644", "number", blob).entry("40000", "sub", below));
  }
  expect_skipped(RawTree{}.entry("100644", ".git", object("blob", "gitdir: /tmp\n")).entry("100644", "number", blob));
  expect_skipped(RawTree{}.entry("120000", ".git", object("blob", "/tmp")).entry("100644", "number", blob));
}

TEST_F(HostileTreeTest, EmptyNamesAndDots) {
  const std::string inner = object("tree", RawTree{}.entry("100644", "escaped", blob).bytes());
  expect_skipped(RawTree{}.entry("40000", ".", inner).entry("100644", "number", blob));
  expect_skipped(RawTree{}.entry("40000", "", inner).entry("100644", "number", blob));
}

/// git takes such a tree for damaged; whichever of the two is laid out, the other may not go through it.
TEST_F(HostileTreeTest, ALinkAndADirectoryOfOneName) {
  const fs::path outside = place.path() / "outside";
  fs::create_directory(outside);
  const std::string inner = object("tree", RawTree{}.entry("100644", "escaped", blob).bytes());
  const std::string target = object("blob", outside.string());
  const std::string both = object(
      "tree",
      RawTree{}.entry("120000", "door", target).entry("40000", "door", inner).entry("100644", "number", blob).bytes());
  const std::string hostile = commit(both, repository.ids()[1]);
  const std::string last = commit(object("tree", RawTree{}.entry("100644", "number", target).bytes()), hostile);
  const Ended ended = place.bisect(repository.path(), arguments({"--jobs", "1", repository.ids()[0] + ".." + last},
                                                                shell("test $(wc -c < number) = 2")));
  EXPECT_THAT(ended, AnyOf(FailsWith(2), Finds(last)));
  EXPECT_TRUE(fs::is_empty(outside));
  EXPECT_THAT(place.leftovers(), IsEmpty());
}

/// Nothing hostile in any one of these commits: it is the way from one to the next that could lead out.
TEST_F(HostileTreeTest, ALinkThatBecomesADirectory) {
  ScratchRepository honest;
  const std::string outside = place.path().string();
  honest.add({ScratchCommit{{}, {{"number", "0\n"}, {"door", {"120000", outside}}}},
              ScratchCommit{{0}, {{"number", "1\n"}, {"door/escaped", "x"}}},
              ScratchCommit{{1}, {{"number", "2\n"}, {"door", {"120000", outside}}}},
              ScratchCommit{{2}, {{"number", "3\n"}, {"door/escaped", "x"}}}});
  const std::string script =
      "test $(($(cat number) % 2)) = 0 -o -f door/escaped || exit 200; case $(cat number) in 0) exit "
      "0;; 3) exit 1;; *) exit 125;; esac";
  const Ended ended =
      place.bisect(honest.path(), arguments({"--jobs", "1", honest.ids()[0] + ".." + honest.ids()[3]}, shell(script)));
  EXPECT_THAT(ended, FailsWith(2));
  EXPECT_FALSE(fs::exists(place.path() / "escaped"));
}

TEST_F(HostileTreeTest, ALinkThatATestPutsInADirectorysPlace) {
  LineRepository honest{6};
  honest.add({ScratchCommit{{5}, {{"number", "6\n"}, {"sub/escaped", "1"}}},
              ScratchCommit{{6}, {{"number", "7\n"}, {"sub/escaped", "2"}}},
              ScratchCommit{{7}, {{"number", "8\n"}, {"sub/escaped", "3"}}}});
  const Ended ended = place.bisect(honest.path(), arguments({"--jobs", "1", honest.ids()[0] + ".." + honest.ids()[8]},
                                                            shell("n=$(cat number); rm -rf sub; ln -s " +
                                                                  place.path().string() + " sub; test $n -lt 7")));
  EXPECT_THAT(ended, Finds(honest.ids()[7]));
  EXPECT_FALSE(fs::exists(place.path() / "escaped"));
}

}  // namespace
}  // namespace nmz::conformance
