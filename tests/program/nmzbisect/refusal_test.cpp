// What cannot be done is refused: one line on stderr that says why, nothing on stdout, exit code 128, and nothing left
// behind. The command is never run: it would leave a note.
#include <string>
#include <vector>

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
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> leaves_a_note = shell("echo ran >> $NOTES/ran; exit 1");

class RefusalTest : public testing::Test {
 protected:
  /// Runs and checks all that every refusal has in common; returns the line.
  std::string refused(const fs::path& directory, const std::vector<std::string>& arguments) {
    const Ended ended = place.bisect(directory, arguments);
    EXPECT_EQ(ended.exit_code, 128) << everything(ended);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(split_lines(ended.err).size(), 1U) << everything(ended);
    EXPECT_THAT(place.leftovers(), IsEmpty());
    EXPECT_FALSE(fs::exists(place.log_dir()));
    EXPECT_FALSE(fs::remove(place.note("ran"))) << "the command was run";
    fs::remove_all(place.log_dir());  // so that one failure is not reported again by what follows
    return ended.err;
  }
  std::string refused(std::vector<std::string> options) {
    return refused(repository.path(), arguments(std::move(options), leaves_a_note));
  }
  void remove_object(const std::string& id) const {
    ASSERT_TRUE(fs::remove(repository.path() / ".git/objects" / id.substr(0, 2) / id.substr(2)));
  }

  Workplace place;
  LineRepository repository{8};
};

TEST_F(RefusalTest, UnknownRevisions) {
  EXPECT_THAT(refused({"no-such-tag..HEAD"}), HasSubstr("no-such-tag"));
  EXPECT_THAT(refused({"HEAD~3..no-such-branch"}), HasSubstr("no-such-branch"));
  EXPECT_THAT(refused({"--good", "no-such-tag", "--bad", "HEAD"}), HasSubstr("no-such-tag"));
  EXPECT_THAT(refused({"HEAD~100..HEAD"}), HasSubstr("HEAD~100"));
  EXPECT_THAT(refused({std::string(40, '1') + "..HEAD"}), HasSubstr("1111111"));
}

TEST_F(RefusalTest, RevisionsThatAreNoCommits) {
  EXPECT_THAT(refused({"HEAD~3^{tree}..HEAD"}), HasSubstr("HEAD~3^{tree}"));
  EXPECT_THAT(refused({"HEAD~3..HEAD:number"}), HasSubstr("HEAD:number"));
}

TEST_F(RefusalTest, RangesWithNothingInThem) {
  refused({"HEAD..HEAD"});
  refused({"HEAD..HEAD~3"});
  refused({"--good", "HEAD~2", "--good", "HEAD", "--bad", "HEAD"});
  EXPECT_THAT(refused({"--path", "nowhere", "HEAD~3..HEAD"}), HasSubstr("path"));
}

TEST_F(RefusalTest, RangesThatAreNoRange) {
  refused({"HEAD~3...HEAD"});
  refused({"HEAD"});
  refused({});
  refused({"HEAD~5..HEAD~4", "HEAD~3..HEAD"});
  refused({"--good", "HEAD~3"});
  refused({"--bad", "HEAD"});
}

/// A whole one searches as git does (GraphTest); this one cannot know that they have nothing in common.
TEST_F(RefusalTest, HistoriesThatAShallowCloneCannotConnect) {
  repository.add({ScratchCommit{{}, {{"other", "1\n"}}}});
  repository.git({"branch", "other", repository.ids()[7]});
  const fs::path shallow = place.path() / "shallow";
  ScratchRepository::git_in(place.path(), {"clone", "--quiet", "--depth=1", "--no-single-branch",
                                           "file://" + repository.path().string(), shallow});
  EXPECT_THAT(refused(shallow, arguments({"origin/main..origin/other"}, leaves_a_note)),
              HasSubstr("git fetch --unshallow"));
}

TEST_F(RefusalTest, NoCommand) {
  refused(repository.path(), {repository.range()});
  refused(repository.path(), {repository.range(), "--"});
}

TEST_F(RefusalTest, OptionsThatMakeNoSense) {
  const std::string range = repository.range();
  EXPECT_THAT(refused({"--no-such-option", range}), HasSubstr("no-such-option"));
  for (const char* value : {"0", "-1", "many", ""}) {
    EXPECT_THAT(refused({"--jobs", value, range}), AnyOf(HasSubstr("jobs"), HasSubstr("-j"))) << value;
  }
  EXPECT_THAT(refused({"--timeout", "soon", range}), HasSubstr("timeout"));
  EXPECT_THAT(refused({"--timeout", "-1", range}), HasSubstr("timeout"));
  EXPECT_THAT(refused({"--match", "(", range}), HasSubstr("match"));
  EXPECT_THAT(refused({"--strategy", "luck", range}), HasSubstr("strategy"));
  EXPECT_THAT(refused({"--on-timeout", "panic", range}), HasSubstr("on-timeout"));
  EXPECT_THAT(refused({"--term-old", "same", "--term-new", "same", range}), HasSubstr("--term-old"));
}

TEST_F(RefusalTest, PlacesThatAreNoRepository) {
  refused(place.path(), arguments({"a..b"}, leaves_a_note));
  EXPECT_THAT(refused({"-C", "/no/such/place", repository.range()}), HasSubstr("/no/such/place"));
  EXPECT_THAT(refused({"-C", "number", repository.range()}), HasSubstr("number"));
  const ScratchRepository empty;
  refused(empty.path(), arguments({"HEAD~1..HEAD"}, leaves_a_note));
}

TEST_F(RefusalTest, AShallowCloneThatLacksTheWayToTheGoodEnd) {
  repository.git({"config", "uploadpack.allowAnySHA1InWant", "true"});
  const fs::path shallow = place.path() / "shallow";
  ScratchRepository::git_in(place.path(),
                            {"clone", "--quiet", "--depth=3", "file://" + repository.path().string(), shallow});
  EXPECT_THAT(refused(shallow, arguments({repository.range()}, leaves_a_note)),
              AnyOf(HasSubstr("shallow"), HasSubstr(repository.ids()[0])));
  ScratchRepository::git_in(shallow, {"fetch", "--quiet", "--depth=1", "origin", repository.ids()[0]});
  EXPECT_THAT(refused(shallow, arguments({repository.range()}, leaves_a_note)), HasSubstr("shallow"));
}

TEST_F(RefusalTest, ASha256Repository) {
  const LineRepository other{4, {"--object-format=sha256"}};
  const std::string line = refused(other.path(), arguments({"main~2..main"}, leaves_a_note));
  EXPECT_THAT(line, AnyOf(HasSubstr("SHA-256"), HasSubstr("sha256")));
}

TEST_F(RefusalTest, AMissingCommit) {
  remove_object(repository.ids()[4]);
  refused({repository.range()});
}

TEST_F(RefusalTest, AMissingCommitOutsideTheRangeDoesNotMatter) {
  remove_object(repository.ids()[1]);
  const Ended ended =
      place.bisect(repository.path(), arguments({repository.ids()[3] + ".." + repository.ids()[7]}, fails_from(5)));
  EXPECT_THAT(ended, AnyOf(Finds(repository.ids()[5]), FailsWith(128)));
}

TEST_F(RefusalTest, ACorruptRepository) {
  const std::string& id = repository.ids()[4];
  const fs::path object = repository.path() / ".git/objects" / id.substr(0, 2) / id.substr(2);
  fs::permissions(object, fs::perms::owner_all);
  support::write_file(object, "this is no zlib stream");
  refused({repository.range()});
  support::write_file(repository.path() / ".git/HEAD", "\xff\xfe");
  refused({repository.range()});
}

TEST_F(RefusalTest, ARepositoryOfAFormatFromTheFuture) {
  repository.git({"config", "core.repositoryFormatVersion", "99"});
  refused({repository.range()});
}

TEST_F(RefusalTest, AConfigurationThatCannotBeRead) {
  support::write_file(repository.path() / ".git/config", "[core\n");
  refused({repository.range()});
}

TEST_F(RefusalTest, PlacesForResultsThatCannotBeWritten) {
  support::write_file(place.path() / "file", "");
  const fs::path impossible = place.path() / "file/below";
  for (const char* option : {"--log-dir", "--work-dir", "--json"}) {
    const Ended ended =
        place.bisect(repository.path(), arguments({option, impossible, repository.range()}, leaves_a_note));
    EXPECT_THAT(ended.exit_code, AnyOf(1, 128)) << option << everything(ended);
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, HasSubstr("file/below"));
    EXPECT_EQ(split_lines(ended.err).size(), 1U) << everything(ended);
    EXPECT_THAT(lines_of(place.note("ran")), IsEmpty()) << option << ": found out too late";
  }
}

}  // namespace
}  // namespace nmz::conformance
