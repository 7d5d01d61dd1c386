// Tests that behave badly: daemons, floods of output, processes that will not die, full disks.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using support::ScratchCommit;
using support::ScratchRepository;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::IsEmpty;

class EnduranceTest : public testing::Test {
 protected:
  Ended search(const std::string& script, std::vector<std::string> options = {}) const {
    options.push_back(repository.range());
    return place.bisect(repository.path(), arguments(std::move(options), shell("n=$(cat number); " + script)));
  }

  /// nmzbisect with its work trees on a file system of `size`, which exists for this run only.
  [[nodiscard]] Ended on_small_disk(const std::string& size, const ScratchRepository& on,
                                    const std::vector<std::string>& arguments) const {
    support::Program program = place.bisect_program(on.path(), arguments);
    const std::string script = fmt::format(
        "dir={}; mount --make-rprivate / 2> /dev/null; mount -t tmpfs -o size={} tmpfs $dir || exit 77; "
        "\"$0\" \"$@\"; code=$?; find $dir -mindepth 1 ! -name lock >> $NOTES/left; umount --lazy $dir; exit $code",
        place.work_dir().string(), size);
    // Not unshare's own change of propagation: it fails in a chroot, whose root is no mount point.
    program.argv.insert(program.argv.begin(), {"unshare", "--mount", "--propagation", "unchanged", "sh", "-c", script});
    if (::geteuid() != 0) {
      program.argv.insert(program.argv.begin() + 1, "--map-root-user");
    }
    return support::run_program(program);
  }

  void expect_nothing_left() const {
    EXPECT_TRUE(wait_until([&] { return place.processes().empty(); }, seconds{5}));
    EXPECT_THAT(place.leftovers(), IsEmpty());
  }

  Workplace place;
  LineRepository repository{12};
};

TEST_F(EnduranceTest, DaemonsEndWithTheirTest) {
  const Ended ended = search(
      "for pid in $(cat $NOTES/daemons 2>/dev/null); do test -e /proc/$pid/exe && echo $pid >> $NOTES/alive; done; "
      "(setsid sh -c 'echo $$ >> $NOTES/daemons; exec sleep 300' > /dev/null 2>&1 < /dev/null &) ; "
      "while ! test -s $NOTES/daemons; do :; done; test $n -lt 8",
      {"--jobs", "1"});
  EXPECT_THAT(ended, Finds(repository.ids()[8]));
  EXPECT_THAT(lines_of(place.note("alive")), IsEmpty()) << "while the next test ran";
  expect_nothing_left();
}

TEST_F(EnduranceTest, DaemonsThatHoldTheOutputDoNotDelay) {
  const Ended ended = search("sleep 300 & (setsid sleep 300 &) ; test $n -lt 8", {"--jobs", "2"});
  EXPECT_THAT(ended, Finds(repository.ids()[8]));
  EXPECT_LT(ended.duration, seconds{30});
  expect_nothing_left();
}

TEST_F(EnduranceTest, TestsThatIgnoreTermEndAtTheirTimeout) {
  const Ended ended = search("test $n != 7 || { trap '' TERM; sleep 100; sleep 100; }; test $n -lt 8",
                             {"--timeout", "2", "--jobs", "2"});
  EXPECT_THAT(ended, FailsWith(2));
  EXPECT_THAT(ids_in(ended.out), testing::UnorderedElementsAre(repository.ids()[7], repository.ids()[8]));
  EXPECT_LT(ended.duration, seconds{40});
  expect_nothing_left();
}

TEST_F(EnduranceTest, AFloodOfOutputIsCutWithANotice) {
  const Ended ended = search(
      "test $n != 8 || yes 'a line of a flood of output' | head -c 1000000000; echo the end; "
      "test $n -lt 8",
      {"--jobs", "2"});
  EXPECT_THAT(ended, Finds(repository.ids()[8]));
  const fs::path log = place.log_dir() / (repository.ids()[8] + ".log");
  ASSERT_TRUE(fs::exists(log));
  EXPECT_LT(fs::file_size(log), 200'000'000U);
  const std::string text = support::read_file(log);
  EXPECT_THAT(text.substr(0, 100), testing::StartsWith("a line of a flood"));
  const std::array notices{"left out", "cut", "omitted", "truncated"};
  EXPECT_TRUE(std::ranges::any_of(notices, [&](const char* word) { return text.find(word) != std::string::npos; }));
}

TEST_F(EnduranceTest, OutputOfAnyBytesIsKept) {
  const Ended ended = search(R"(printf 'a\000b\377\033[1mc\r\nno newline'; test $n -lt 8)");
  EXPECT_THAT(ended, Finds(repository.ids()[8]));
  EXPECT_THAT(support::read_file(place.log_dir() / (repository.ids()[8] + ".log")),
              testing::HasSubstr(std::string("a\0b\xff\033[1mc\r\nno newline", 20)));
}

TEST_F(EnduranceTest, ATreeThatDoesNotFitIsNoVerdict) {
  ScratchRepository large;
  std::vector<ScratchCommit> history = line(6);
  std::string noise;
  for (std::uint32_t i = 0, x = 1; i < 6'000'000; ++i) {
    x = x * 1664525U + 1013904223U;
    noise += static_cast<char>(x >> 24U);
  }
  history[0].files["large"] = noise;
  large.add(history);
  const Ended ended = on_small_disk("4m", large, arguments({"--jobs", "1", "main~5..main"}, fails_from(3)));
  ASSERT_NE(ended.exit_code, 77) << everything(ended);
  EXPECT_THAT(ended, AnyOf(FailsWith(1), FailsWith(4)));
  EXPECT_THAT(ended.err, ContainsRegex("[Nn]o space"));
  EXPECT_THAT(lines_of(place.note("left")), IsEmpty());
}

TEST_F(EnduranceTest, AFileThatMayNotBecomeSoLargeEndsNothing) {
  const auto limited = [&](const std::string& blocks) {
    support::Program program = place.bisect_program(
        repository.path(),
        arguments({"--jobs", "2", repository.range()},
                  shell("grep SigIgn /proc/self/status >> $NOTES/ignored; seq 9999; test $(cat number) -lt 8")));
    program.argv.insert(program.argv.begin(), {"sh", "-c", "ulimit -f " + blocks + "; exec \"$0\" \"$@\""});
    return support::run_program(program);
  };
  const Ended ended = limited("16");
  EXPECT_THAT(ended, Finds(repository.ids()[8]));
  EXPECT_THAT(ended.err, testing::HasSubstr("a log is incomplete"));
  EXPECT_THAT(lines_of(place.note("ignored")), testing::Each(testing::EndsWith("0000000")))
      << "for tests it is as it was";
  EXPECT_THAT(limited("0"), FailsWith(128)) << "no log could be kept";
  expect_nothing_left();
}

TEST_F(EnduranceTest, ATestThatFillsTheDiskIsNoCulprit) {
  const Ended ended = on_small_disk(
      "16m", repository,
      arguments({"--jobs", "2", repository.range()},
                shell("n=$(cat number); test $n != 7 || head -c 100M /dev/zero > junk || exit 1; test $n -lt 8")));
  ASSERT_NE(ended.exit_code, 77) << everything(ended);
  ASSERT_THAT(lines_of(place.note("left")), IsEmpty());
  ASSERT_TRUE(fs::exists(place.note("left"))) << everything(ended);
  EXPECT_THAT(ended, AnyOf(Finds(repository.ids()[8]), FailsWith(1), FailsWith(2)));
  EXPECT_TRUE(wait_until([&] { return place.processes().empty(); }, seconds{5}));
}

TEST_F(EnduranceTest, TestsThatLeaveWhatCannotBeRemovedEasily) {
  EXPECT_THAT(search("mkdir -p a/b/c; touch a/b/c/d; chmod 0 a/b/c a/b a; test $n -lt 8"), Finds(repository.ids()[8]));
  expect_nothing_left();
  EXPECT_THAT(search("rm -rf \"$PWD\"; test $n -lt 8"), Finds(repository.ids()[8]));
  expect_nothing_left();
}

TEST_F(EnduranceTest, ManyProcessesAtOnceAreAllEnded) {
  const Ended ended = search("i=0; while test $i -lt 60; do (setsid sleep 300 &) ; i=$((i+1)); done; test $n -lt 8");
  EXPECT_THAT(ended, Finds(repository.ids()[8]));
  expect_nothing_left();
}

}  // namespace
}  // namespace nmz::conformance
