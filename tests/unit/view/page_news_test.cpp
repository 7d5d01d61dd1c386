// A page that is served: who takes the news has what somebody who comes later gets at once.
#include <random>
#include <string>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/view/page.hpp"

namespace nmz::view {
namespace {

namespace json = boost::json;
using events::Mark;

/// As src/view/page/live.js takes them.
void take(json::object& data, const json::object& news) {
  if (news.at("number").as_int64() <= data.at("number").as_int64()) return;
  const auto write = [&](const char* name, const char* from) {
    json::array& mine = data.at(name).as_array();
    std::size_t at = static_cast<std::size_t>(news.at(from).as_int64());
    for (const json::value& one : news.at(name).as_array()) {
      if (mine.size() <= at) mine.resize(at + 1);
      mine[at++] = one;
    }
  };
  write("events", "events_from");
  write("texts", "texts_from");
  const json::array& rows = news.at("jobs").at("row").as_array();
  for (const auto& [name, column] : news.at("jobs").as_object()) {
    json::array& mine = data.at("jobs").at(name).as_array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<std::size_t>(rows[i].as_int64());
      if (mine.size() <= row) mine.resize(row + 1);
      mine[row] = column.at(i);
    }
  }
  data.at("number") = news.at("number");
}

/// What a suite may say, in an order that no run has.
events::Event any(std::mt19937& random) {
  const auto job = job::JobId{random() % 8};
  const std::string name = "workload " + std::to_string(random() % 5);
  switch (random() % 7) {
    case 0:
    case 1: {
      events::JobAssigned event;
      event.job = job;
      event.item = name;
      return event;
    }
    case 2: {
      events::PhaseStarted event;
      event.job = job;
      return event;
    }
    case 3:
      return events::JobReturned{job::WorkerId{}, job};
    case 4:
      return events::RunsAgain{name, name, Mark::failed, 1, 3};
    case 5:
      return events::Notice{name};
    default: {
      events::JobEnded event;
      event.job = job;
      event.item = event.workload = name;
      event.mark = random() % 2 == 0 ? Mark::passed : Mark::failed;
      event.detail = "exit " + std::to_string(random() % 100);
      event.more = random() % 3 == 0 ? 1 : 0;
      return event;
    }
  }
}

TEST(PageNewsTest, WhoTakesTheNewsHasWhatALaterOneGetsAtOnce) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    Page page{"-", events::Kind::suite, "nmzswarm", Page::Pace::served};
    json::object data = json::parse(page.snapshot()).as_object();
    const std::size_t steps = random() % 60;
    for (std::size_t step = 0; step < steps; ++step) {
      page.show(any(random), events::Seconds{static_cast<double>(step)});
      if (random() % 4 != 0) continue;
      const auto another_comes = [&] {
        if (random() % 6 == 0) data = json::parse(page.snapshot()).as_object();
      };
      another_comes();
      const std::string news = page.news();
      another_comes();  // who is told what it has
      if (!news.empty()) take(data, json::parse(news).as_object());
    }
    if (const std::string news = page.news(); !news.empty()) take(data, json::parse(news).as_object());
    EXPECT_EQ(page.news(), "") << "what was told is not told again";
    const json::object whole = json::parse(page.snapshot()).as_object();
    for (const char* const member : {"events", "texts", "jobs"}) {
      if (member == std::string{"jobs"}) {
        json::object mine = data.at(member).as_object();
        json::object its = whole.at(member).as_object();
        mine.erase("row");
        its.erase("row");
        EXPECT_EQ(mine, its);
      } else {
        EXPECT_EQ(data.at(member), whole.at(member));
      }
    }
  }
}

TEST(PageNewsTest, TheFrameMayConnectAndTheReportMayNot) {
  Page page{"-", events::Kind::suite, "nmzswarm", Page::Pace::served};
  EXPECT_THAT(page.frame(), testing::HasSubstr("connect-src 'self'"));
  EXPECT_THAT(page.report(), testing::Not(testing::HasSubstr("connect-src")));
  EXPECT_EQ(page.log(7), "");
}

}  // namespace
}  // namespace nmz::view
