#include "nmz/view/text.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::view {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::Not;

/// Collects what a Text prints.
class Printed {
 public:
  Printed() : file_{::open_memstream(&text_, &size_)} {}
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;
  Printed(Printed&&) = delete;
  Printed& operator=(Printed&&) = delete;
  ~Printed() {
    std::fclose(file_);
    std::free(text_);  // NOLINT(cppcoreguidelines-no-malloc): open_memstream's
  }
  [[nodiscard]] std::FILE* file() const { return file_; }
  [[nodiscard]] std::string text() const {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

TEST(TextTest, AWorkerThatMakesRoomIsNotCalledLost) {
  WorkerGone gone;
  gone.worker = job::WorkerId{3};
  gone.reason = "fewer workers from now on: no more processes";
  gone.makes_room = true;
  EXPECT_EQ(sentence(gone), "worker 3 ended: fewer workers from now on: no more processes");
  gone.makes_room = false;
  gone.reason = "died";
  EXPECT_EQ(sentence(gone), "worker 3 was lost: died; it is given up");
}

JobDone done(Mark mark, const std::string& word) {
  JobDone event;
  event.job = job::JobId{1};
  event.commit = "0123456789abcdef0123456789abcdef01234567";
  event.subject = "make it faster";
  event.mark = mark;
  event.word = word;
  event.detail = "exit 1";
  event.took = Seconds{0.5};
  return event;
}

TextStyle style(Verbosity verbosity, bool live, bool colour) {
  TextStyle result;
  result.verbosity = verbosity;
  result.live = live;
  result.colour = colour;
  return result;
}

TEST(TextTest, PipeGetsOneLineAVerdictWithoutEscapeCodes) {
  const Printed printed;
  Text text{printed.file(), style(Verbosity::normal, false, false)};
  Progress progress;
  progress.candidates_left = 12;
  progress.expected_left = Seconds{30};
  text.show(progress, Seconds{1});
  text.show(done(Mark::bad, "bad"), Seconds{1});
  EXPECT_THAT(printed.text(), Eq("bad   0123456789ab make it faster (0.50 s, exit 1; 12 left, about 30 s)\n"));
}

TEST(TextTest, QuietPrintsNothing) {
  const Printed printed;
  Text text{printed.file(), style(Verbosity::quiet, true, true)};
  SearchStarted started;
  started.candidates = 10;
  text.show(started, Seconds{0});
  text.show(done(Mark::bad, "bad"), Seconds{1});
  text.show(Notice{"something"}, Seconds{1});
  text.show(SearchEnded{}, Seconds{2});
  EXPECT_THAT(printed.text(), Eq(""));
}

TEST(TextTest, CancelledProbesAreToldOnlyWhenVerbose) {
  const Printed normal;
  const Printed verbose;
  Text{normal.file(), style(Verbosity::normal, false, false)}.show(done(Mark::cancelled, "cancelled"), Seconds{1});
  Text{verbose.file(), style(Verbosity::verbose, false, false)}.show(done(Mark::cancelled, "cancelled"), Seconds{1});
  EXPECT_THAT(normal.text(), Eq(""));
  EXPECT_THAT(verbose.text(), HasSubstr("cancelled"));
}

TEST(TextTest, ColoursTheVerdictOnly) {
  const Printed printed;
  Text text{printed.file(), style(Verbosity::normal, false, true)};
  text.show(done(Mark::good, "good"), Seconds{1});
  EXPECT_THAT(printed.text(), HasSubstr("\x1b[32mgood \x1b[0m 0123456789ab"));
}

TEST(TextTest, LiveLineIsErasedBeforeAVerdictAndAtTheEnd) {
  const Printed printed;
  Text text{printed.file(), style(Verbosity::normal, true, false)};
  text.show(Tick{}, Seconds{1});
  text.show(done(Mark::good, "good"), Seconds{1});
  text.show(SearchEnded{}, Seconds{2});
  EXPECT_THAT(printed.text(), HasSubstr("\r\x1b[Kgood  0123456789ab"));
  const std::string all = printed.text();
  EXPECT_THAT(all.substr(all.rfind("\x1b[K")), Not(HasSubstr("left")));
}

TEST(TextTest, StatusNamesWhatIsLeftWhatRunsAndWhenItEnds) {
  Text text{stderr, style(Verbosity::quiet, false, false)};
  JobStarted started;
  started.job = job::JobId{7};
  started.commit = "fedcba9876543210fedcba9876543210fedcba98";
  text.show(started, Seconds{10});
  Progress progress;
  progress.candidates_left = 12;
  progress.expected_left = Seconds{30};
  text.show(progress, Seconds{12});
  EXPECT_THAT(text.status(Seconds{15}, 200), Eq("12 left | fedcba9 5s | about 27 s left"));
}

TEST(TextTest, StatusFitsAnyTerminal) {
  Text text{stderr, style(Verbosity::quiet, false, false)};
  for (std::uint64_t job = 1; job <= 64; ++job) {
    JobStarted started;
    started.job = job::JobId{job};
    started.commit = std::string(40, 'a');
    text.show(started, Seconds{0});
  }
  Progress progress;
  progress.candidates_left = 123456;
  progress.expected_left = Seconds{5000};
  text.show(progress, Seconds{0});
  for (std::size_t columns = 30; columns < 300; ++columns) {
    EXPECT_LE(text.status(Seconds{100}, columns).size(), columns) << columns;
  }
  EXPECT_THAT(text.status(Seconds{100}, 80), HasSubstr("+"));
}

TEST(TextTest, DurationsReadNaturally) {
  EXPECT_THAT(duration(Seconds{0.534}), Eq("0.53 s"));
  EXPECT_THAT(duration(Seconds{12.4}), Eq("12 s"));
  EXPECT_THAT(duration(Seconds{200}), Eq("3 min 20 s"));
  EXPECT_THAT(duration(Seconds{7500}), Eq("2 h 5 min"));
}

}  // namespace
}  // namespace nmz::view
