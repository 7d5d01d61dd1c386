// The page as a file: written whole, while the run goes on and at its end, with nothing in it that a run could break
// out of. What a browser makes of it: tests/program/page.

#include "nmz/view/page.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gmock/gmock.h>

#include "nmz/view/picture.hpp"

namespace nmz::view {
namespace {

using events::Kind;
using events::Mark;
using testing::HasSubstr;
using testing::Not;

class PageTest : public testing::Test {
 protected:
  PageTest() { std::filesystem::create_directories(place_); }
  ~PageTest() override { std::filesystem::remove_all(place_); }
  PageTest(const PageTest&) = delete;
  PageTest& operator=(const PageTest&) = delete;
  PageTest(PageTest&&) = delete;
  PageTest& operator=(PageTest&&) = delete;

  [[nodiscard]] std::string file() const { return (place_ / "page.html").string(); }
  [[nodiscard]] std::string read() const {
    std::ostringstream text;
    text << std::ifstream{file(), std::ios::binary}.rdbuf();
    return text.str();
  }

 private:
  std::filesystem::path place_ =
      std::filesystem::path{testing::TempDir()} / testing::UnitTest::GetInstance()->current_test_info()->name();
};

events::RunStarted started(const std::string& title) {
  events::RunStarted event;
  event.title = title;
  event.workers = 2;
  return event;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_F(PageTest, IsThereWhileTheRunGoesOn) {
  Page page{file(), Kind::suite, "nmzswarm", Page::Pace::live};
  page.show(started("one"), events::Seconds{0});
  const std::string before = read();
  EXPECT_THAT(before, testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(before, testing::EndsWith("</html>\n"));
  page.show(events::Notice{"two"}, events::Seconds{0.1});
  EXPECT_EQ(read(), before) << "at most once a second";
  EXPECT_TRUE(page.close());
  EXPECT_NE(read(), before);
  EXPECT_FALSE(std::filesystem::exists(file() + ".new"));
}

TEST_F(PageTest, AtTheEndOnly) {
  Page page{file(), Kind::search, "nmzbisect", Page::Pace::at_the_end};
  page.show(started("one"), events::Seconds{0});
  EXPECT_FALSE(std::filesystem::exists(file()));
  EXPECT_TRUE(page.close());
  EXPECT_TRUE(std::filesystem::exists(file()));
}

TEST_F(PageTest, WhatARunSaysIsNotMarkup) {
  const std::string evil = "</title><script>evil()</script>@data@@script@<!--";
  Page page{file(), Kind::suite, "nmzswarm", Page::Pace::at_the_end};
  page.show(started(evil), events::Seconds{0});
  events::RunEnded end;
  end.message = evil;
  page.show(end, events::Seconds{1});
  EXPECT_TRUE(page.close());
  const std::string text = read();
  EXPECT_THAT(text, Not(HasSubstr("<script>evil")));
  EXPECT_THAT(text, HasSubstr("&lt;/title&gt;&lt;script&gt;evil()"));
  EXPECT_EQ(count(text, "id=\"data\""), 1U);
  EXPECT_EQ(count(text, "<script type=\"module\" async>"), 1U);
}

TEST_F(PageTest, ItsPolicyNamesItsScriptAndStyle) {
  Page page{file(), Kind::suite, "nmzswarm", Page::Pace::at_the_end};
  EXPECT_TRUE(page.close());
  EXPECT_THAT(read(), HasSubstr("content=\"default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(read(), Not(HasSubstr("unsafe")));
}

TEST_F(PageTest, WhatCannotBeWrittenIsTold) {
  Page page{"/dev/null/page.html", Kind::suite, "nmzswarm", Page::Pace::live};
  page.show(started("one"), events::Seconds{0});
  EXPECT_FALSE(page.close());
}

// ---- the picture

/// 0 - 1 - 2 - 4, and 1 - 3 - 4: a merge; 0 is the good end.
events::HistoryRead history() {
  events::HistoryRead read;
  const std::vector<std::vector<std::uint32_t>> parents{{}, {0}, {1}, {1}, {2, 3}};
  for (std::size_t i = 0; i < parents.size(); ++i) {
    events::HistoryCommit commit;
    commit.commit = std::string(40, static_cast<char>('a' + i));
    commit.part = i == 0 ? events::Part::good_end : events::Part::candidate;
    commit.parents = parents[i];
    read.commits.push_back(commit);
  }
  return read;
}

void test(Picture& picture, std::uint64_t job, char commit, Mark mark, double begin, double end) {
  events::JobAssigned assigned;
  assigned.job = job::JobId{job};
  assigned.item = std::string(40, commit);
  picture.show(assigned, events::Seconds{begin});
  events::JobEnded ended;
  ended.job = assigned.job;
  ended.item = assigned.item;
  ended.mark = mark;
  picture.show(ended, events::Seconds{end});
}

TEST(PictureTest, ShowsTestsAndHowTheCandidatesShrank) {
  Picture picture;
  auto begin = started("a & b");
  begin.candidates = 4;
  picture.show(begin, events::Seconds{0});
  picture.show(history(), events::Seconds{0});
  test(picture, 1, 'c', Mark::passed, 0, 1);  // takes c and b away
  test(picture, 2, 'd', Mark::failed, 0, 2);  // leaves d alone
  events::RunEnded end;
  end.result = "found";
  end.search.suspects = {{std::string(40, 'd'), "break <it>", 1}};
  picture.show(end, events::Seconds{2});
  const std::string svg = picture.svg();
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns="));
  EXPECT_THAT(svg, HasSubstr("dddddddddddd is the first bad commit: break &lt;it&gt;"));
  EXPECT_THAT(svg, HasSubstr(">4 left<"));
  EXPECT_THAT(svg, HasSubstr(">2<"));
  EXPECT_THAT(svg, Not(HasSubstr("<it>")));
}

TEST(PictureTest, OfNothingIsAPictureAllTheSame) {
  const Picture picture;
  EXPECT_THAT(picture.svg(), testing::EndsWith("</svg>\n"));
}

}  // namespace
}  // namespace nmz::view
