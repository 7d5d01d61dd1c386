// What the program says, to people and to scripts: git's own closing form on stdout, everything else on stderr, logs
// that can be replayed, events that can be parsed.
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchRepository;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class OutputTest : public testing::Test {
 protected:
  [[nodiscard]] Ended search(std::vector<std::string> options) const {
    options.push_back(repository.range());
    return place.bisect(repository.path(), arguments(std::move(options), noisy));
  }

  /// What git says at the end of replaying our log.
  [[nodiscard]] Ended replayed(const fs::path& log) const {
    const fs::path clone = place.path() / "replay";
    ScratchRepository::git_in(place.path(), {"clone", "--quiet", repository.path(), clone});
    return support::run_program(support::git_program(clone, {"bisect", "replay", log}));
  }

  const std::vector<std::string> noisy =
      shell("n=$(cat number); echo out $n; echo err $n >&2; echo $n >> $NOTES/tested; test $n -lt 7");
  Workplace place;
  LineRepository repository{12};
};

TEST_F(OutputTest, StdoutIsTheClosingFormOfGit) {
  GitSearch git;
  git.goods = {repository.ids().front()};
  git.bad = repository.ids().back();
  git.command = noisy;
  const GitAnswer expected = git_bisect(place, repository.path(), git);
  ASSERT_NE(expected.closing, "") << expected.output;
  EXPECT_EQ(search({}).out, expected.closing);
}

TEST_F(OutputTest, StdoutIsTheClosingFormOfGitForAMerge) {
  repository.git({"checkout", "--quiet", "-b", "side", repository.ids()[3]});
  support::write_file(repository.path() / "side", "side\n");
  repository.git({"add", "side"});
  repository.git({"commit", "--quiet", "--message=side"});
  repository.git({"checkout", "--quiet", "main"});
  repository.git({"merge", "--quiet", "--no-ff", "--message=the merge", "side"});
  GitSearch git;
  git.goods = {repository.ids().front()};
  git.bad = "main";
  git.command = shell("! test -e side -a $(cat number) = 11");
  const GitAnswer expected = git_bisect(place, repository.path(), git);
  ASSERT_THAT(expected.closing, HasSubstr("the merge"));
  EXPECT_EQ(place.bisect(repository.path(), arguments_for(git)).out, expected.closing);
}

TEST_F(OutputTest, IsPlainWhenPiped) {
  const Ended ended = search({});
  EXPECT_THAT(ended.err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(ended.err, Not(HasSubstr("\r")));
  EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
}

TEST_F(OutputTest, AUsersColoursDoNotComeIntoThePipe) {
  repository.git({"config", "color.ui", "always"});
  repository.git({"config", "core.pager", "false"});
  repository.git({"config", "log.showSignature", "true"});
  const Ended ended = search({});
  EXPECT_THAT(ended, Finds(repository.ids()[7]));
  EXPECT_THAT(ended.err, Not(HasSubstr("\x1b")));
}

TEST_F(OutputTest, TheSummarySaysHowMuchWasDoneAndWhereTheLogsAre) {
  const Ended ended = search({"--jobs", "2"});
  const std::string logs = "logs: " + place.log_dir().string() + "\n";
  EXPECT_LT(ended.err.find(logs), ended.err.find("\ngood ")) << "a user wants to follow them: " << ended.err;
  EXPECT_TRUE(ended.err.ends_with(logs)) << ended.err;
  const std::size_t tests = lines_of(place.note("tested")).size();
  EXPECT_THAT(ended.err, testing::ContainsRegex(std::to_string(tests) + " test")) << "run by the command: " << tests;
  EXPECT_THAT(ended.err, testing::ContainsRegex("a serial search would have needed [0-9]+ tests?\n"));
}

TEST_F(OutputTest, TheTimeThatIsLeftCountsBuilds) {
  const Ended ended = search({"--jobs", "1", "--build", "sleep 0.3", "--json", "-"});
  std::vector<double> expected;
  for (const std::string& line : split_lines(ended.out)) {
    const auto event = boost::json::parse(line).as_object();
    if (event.at("event") == "progress") expected.push_back(event.at("expected_left").to_number<double>());
  }
  ASSERT_THAT(expected, Not(IsEmpty()));
  EXPECT_GE(expected.front(), 0.3) << "at least one round is left after the first one";
}

TEST_F(OutputTest, QuietSaysLessAndVerboseMore) {
  const Ended normal = search({"--no-cache"});
  const Ended quiet = search({"--no-cache", "--quiet"});
  const Ended verbose = search({"--no-cache", "--verbose"});
  EXPECT_EQ(quiet.out, normal.out);
  EXPECT_EQ(verbose.out, normal.out);
  EXPECT_LT(quiet.err.size(), normal.err.size());
  EXPECT_GT(verbose.err.size(), normal.err.size());
}

TEST_F(OutputTest, EveryTestedCommitHasItsLog) {
  const Ended ended = search({"--jobs", "2"});
  EXPECT_THAT(ended, Finds(repository.ids()[7]));
  for (const std::string& number : lines_of(place.note("tested"))) {
    const fs::path log = place.log_dir() / (repository.ids().at(std::stoul(number)) + ".log");
    ASSERT_TRUE(fs::exists(log)) << number;
    EXPECT_THAT(support::read_file(log), AllOf(HasSubstr("out " + number), HasSubstr("err " + number)));
  }
}

TEST_F(OutputTest, GitReplaysTheLog) {
  EXPECT_THAT(search({"--jobs", "3"}), Finds(repository.ids()[7]));
  EXPECT_THAT(replayed(place.log_dir() / "bisect.log"), Finds(repository.ids()[7]));
}

TEST_F(OutputTest, GitReplaysTheLogWithTermsPathsAndSkips) {
  const Ended ended =
      place.bisect(repository.path(), arguments({"--term-old", "fast", "--term-new", "slow", "--path", "number",
                                                 "--first-parent", "--jobs", "3", repository.range()},
                                                shell("n=$(cat number); test $n = 5 && exit 125; test $n -lt 7")));
  EXPECT_EQ(culprit_of(ended.out, "slow"), repository.ids()[7]) << everything(ended);
  const Ended git = replayed(place.log_dir() / "bisect.log");
  EXPECT_EQ(culprit_of(git.out, "slow"), repository.ids()[7]) << everything(git);
}

TEST_F(OutputTest, GitReplaysTheLogOfASearchThatEndedInSkips) {
  const Ended ended =
      place.bisect(repository.path(),
                   arguments({repository.range()}, shell("n=$(cat number); test $n = 6 && exit 125; test $n -lt 7")));
  EXPECT_THAT(ended, FailsWith(2));
  const Ended git = replayed(place.log_dir() / "bisect.log");
  EXPECT_EQ(git.exit_code, 2) << "git's code for only skipped commits left" << everything(git);
  EXPECT_THAT(ids_in(git.out), testing::UnorderedElementsAreArray(ids_in(ended.out))) << everything(git);
}

TEST_F(OutputTest, OnlySkippedCommitsAreListedWithTheirShares) {
  const Ended ended =
      place.bisect(repository.path(),
                   arguments({repository.range()}, shell("n=$(cat number); test $n = 6 && exit 125; test $n -lt 7")));
  EXPECT_THAT(ended, FailsWith(2));
  std::size_t shares = 0;
  for (const std::string& line : split_lines(ended.out)) {
    if (line.find('%') != std::string::npos && !ids_in(line).empty()) {
      ++shares;
    }
  }
  EXPECT_EQ(shares, 2U) << everything(ended);
}

TEST_F(OutputTest, EventsAreJsonLines) {
  const fs::path file = place.path() / "events.json";
  EXPECT_THAT(search({"--json", file}), Finds(repository.ids()[7]));
  const std::vector<std::string> lines = lines_of(file);
  ASSERT_THAT(lines, SizeIs(testing::Gt(2U)));
  for (const std::string& line : lines) {
    EXPECT_TRUE(boost::json::parse(line).is_object()) << line;
  }
  EXPECT_THAT(lines, Contains(HasSubstr(repository.ids()[7])));
}

TEST_F(OutputTest, DryRunTellsThePlanAndLeavesNothing) {
  const Ended ended =
      place.bisect(repository.path(), arguments({"--dry-run", "--jobs", "3", repository.range()}, noisy));
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  EXPECT_THAT(ended.out + ended.err, HasSubstr("11")) << "candidates";
  EXPECT_THAT(ids_in(ended.out + ended.err), SizeIs(testing::Ge(3U))) << everything(ended);
  EXPECT_THAT(ended.out, Not(HasSubstr("is the first")));
  EXPECT_THAT(place.leftovers(), IsEmpty());
  EXPECT_FALSE(fs::exists(place.log_dir()));
  EXPECT_THAT(lines_of(place.note("tested")), IsEmpty());
}

TEST_F(OutputTest, DryRunNeedsNoCommand) {
  EXPECT_EQ(place.bisect(repository.path(), {"--dry-run", repository.range()}).exit_code, 0);
}

TEST_F(OutputTest, VersionAndHelpWorkAnywhere) {
  for (const char* option : {"--version", "-version"}) {
    const Ended ended = place.bisect("/", {option});
    EXPECT_EQ(ended.exit_code, 0) << everything(ended);
    EXPECT_THAT(ended.out, HasSubstr(NMZ_VERSION));
  }
  for (const char* option : {"--help", "-h", "-help"}) {
    const Ended ended = place.bisect("/", {option});
    EXPECT_EQ(ended.exit_code, 0) << everything(ended);
    for (const char* expected : {"--good", "--first-parent", "--timeout", "-C", "xample", "nmzbisect v"}) {
      EXPECT_THAT(ended.out, HasSubstr(expected));
    }
    EXPECT_EQ(ended.err, "");
  }
}

TEST_F(OutputTest, AFullStdoutIsAnError) {
  support::Program program = place.bisect_program(repository.path(), {});
  program.argv.insert(program.argv.begin(), {"sh", "-c", R"(exec "$0" "$@" > /dev/full)"});
  const std::vector<std::string> rest = arguments({repository.range()}, noisy);
  program.argv.insert(program.argv.end(), rest.begin(), rest.end());
  const Ended ended = support::run_program(program);
  EXPECT_NE(ended.exit_code, 0) << everything(ended);
}

/// Whatever a command is: that its answer did not arrive is told.
TEST_F(OutputTest, AFullStdoutIsAnErrorOfEveryCommand) {
  const std::vector<std::vector<std::string>> commands{
      {"hook", "--help"}, {"hook", "status"}, {"--version"}, {"doctor"}};
  for (const std::vector<std::string>& command : commands) {
    support::Program program =
        place.program(repository.path(), {"sh", "-c", R"(exec "$0" "$@" > /dev/full)", NMZ_NMZBISECT});
    program.argv.insert(program.argv.end(), command.begin(), command.end());
    const Ended ended = support::run_program(program);
    EXPECT_EQ(ended.exit_code, 1) << command.front() << everything(ended);
    EXPECT_THAT(ended.err, HasSubstr("cannot write to standard output")) << command.front();
  }
}

TEST_F(OutputTest, AClosedPipeStillLeavesNothing) {
  support::Program program = place.bisect_program(repository.path(), {});
  program.argv.insert(program.argv.begin(), {"bash", "-c", R"("$0" "$@" 2>&1 | true)"});
  const std::vector<std::string> rest = arguments({repository.range()}, noisy);
  program.argv.insert(program.argv.end(), rest.begin(), rest.end());
  (void)support::run_program(program);
  EXPECT_TRUE(wait_until([&] { return place.processes().empty() && place.leftovers().empty(); }));
}

TEST_F(OutputTest, AReaderThatGoesAwayEndsTheProgramQuietly) {
  for (const bool dry : {false, true}) {
    support::Program program = place.bisect_program(repository.path(), {});
    program.argv.insert(program.argv.begin(),
                        {"bash", "-c", R"( (sleep 0.3; "$0" "$@" 2>&1; echo $? >"$NOTES/status") | exec 0<&-)"});
    std::vector<std::string> options{repository.range()};
    if (dry) options.emplace_back("--dry-run");
    const std::vector<std::string> rest = arguments(options, noisy);
    program.argv.insert(program.argv.end(), rest.begin(), rest.end());
    (void)support::run_program(program);
    EXPECT_THAT(lines_of(place.note("status")), testing::ElementsAre("141")) << dry;
    EXPECT_TRUE(wait_until([&] { return place.processes().empty() && place.leftovers().empty(); }));
  }
}

TEST_F(OutputTest, EventsOnStandardOutputAreThereAlone) {
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--dry-run"}}) {
    std::vector<std::string> all{"--json", "-"};
    all.insert(all.end(), options.begin(), options.end());
    const Ended ended = search(all);
    EXPECT_EQ(ended.exit_code, 0) << everything(ended);
    ASSERT_THAT(split_lines(ended.out), Not(IsEmpty()));
    for (const std::string& line : split_lines(ended.out)) EXPECT_TRUE(boost::json::parse(line).is_object()) << line;
  }
}

TEST_F(OutputTest, ARunIsShownAgainAsItWas) {
  const auto show = [this](const std::vector<std::string>& options) {
    support::Program program = place.bisect_program("/", {});
    program.argv = {program.argv.front(), "show"};
    program.argv.insert(program.argv.end(), options.begin(), options.end());
    return support::run_program(program);
  };
  for (const std::vector<std::string>& options : {std::vector<std::string>{"--jobs", "2"}, {"--find-fix"}}) {
    const Ended run = search(options);
    const Ended shown = show({});
    EXPECT_EQ(shown.exit_code, 0) << everything(shown);
    EXPECT_EQ(shown.out, run.out);
    EXPECT_EQ(shown.err, run.err);
  }
  const Ended json = show({place.log_dir(), "--json", "-"});
  EXPECT_EQ(json.out, support::read_file(place.log_dir() / "events.jsonl"));
  EXPECT_EQ(json.err, "");
}

TEST_F(OutputTest, EventsThatCannotBeWrittenAreTold) {
  const Ended full = search({"--json", "/dev/full"});
  EXPECT_EQ(full.exit_code, 1) << everything(full);
  EXPECT_THAT(full.out, HasSubstr(repository.ids()[7])) << "the answer is there all the same";
  EXPECT_THAT(full.err, HasSubstr("cannot write '/dev/full'"));
  const Ended never = search({"--json", "/dev/null/events"});
  EXPECT_EQ(never.exit_code, 128) << everything(never);
  EXPECT_EQ(never.out, "");
}

}  // namespace
}  // namespace nmz::conformance
