// The manual pages have every option that the help pages have, and no other; they name every event that --json writes,
// with every member, and no other. An event or a member that is added is found here without being told: the lists that
// are written by are gone through.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/events/json.hpp"

#include "page.hpp"
#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::manual {
namespace {

namespace json = boost::json;
using testing::IsEmpty;
using testing::IsSupersetOf;
using Members = std::map<std::string, std::set<std::string>>;  ///< of each event

const std::filesystem::path pages{NMZ_PAGES};

/// What one of them lacks of the other.
std::vector<std::string> missing(const std::set<std::string>& wanted, const std::set<std::string>& there) {
  std::vector<std::string> names;
  std::ranges::set_difference(wanted, there, std::back_inserter(names));
  return names;
}

void expect_same(const std::set<std::string>& page, const std::set<std::string>& program, const std::string& where) {
  EXPECT_THAT(missing(program, page), IsEmpty()) << where << ": the page lacks these";
  EXPECT_THAT(missing(page, program), IsEmpty()) << where << ": only the page has these";
}

// ---- options

/// The options that a program's help page lists: lines such as "  -j,--replicas N  Workers".
std::set<std::string> options_in_help(std::vector<std::string> argv) {
  argv.emplace_back("--help");
  const support::Ended ended = support::run_program(support::Program{std::move(argv)});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  std::set<std::string> options;
  std::istringstream lines{ended.out};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  -")) continue;
    std::string names;
    std::istringstream{line} >> names;
    std::istringstream list{names};
    for (std::string name; std::getline(list, name, ',');) options.insert(name);
  }
  EXPECT_THAT(options, IsSupersetOf({"-h", "--help"})) << ended.out;
  return options;
}

TEST(ManualTest, NmzbisectsOptionsAreThoseOfItsHelp) {
  std::set<std::string> options = options_in_help({NMZ_NMZBISECT});
  options.merge(options_in_help({NMZ_NMZBISECT, "test"}));
  options.merge(options_in_help({NMZ_NMZBISECT, "hook"}));
  options.merge(options_in_help({NMZ_NMZBISECT, "history"}));
  options.merge(options_in_help({NMZ_NMZBISECT, "show"}));
  expect_same(Page{pages / "nmzbisect/nmzbisect.1"}.options, options, "nmzbisect");
}

TEST(ManualTest, NmzswarmsOptionsAreThoseOfItsHelp) {
  std::set<std::string> options = options_in_help({NMZ_NMZSWARM});
  options.merge(options_in_help({NMZ_NMZSWARM, "gc"}));
  options.merge(options_in_help({NMZ_NMZSWARM, "history"}));
  options.merge(options_in_help({NMZ_NMZSWARM, "show"}));
  expect_same(Page{pages / "nmzswarm/nmzswarm.1"}.options, options, "nmzswarm");
}

// ---- events

/// The names of all members, also of objects inside.
void collect(const json::value& value, std::set<std::string>& names) {
  if (const auto* const object = value.if_object()) {
    for (const auto& [name, member] : *object) {
      names.insert(name);
      collect(member, names);
    }
  }
  if (const auto* const array = value.if_array()) {
    for (const json::value& element : *array) collect(element, names);
  }
}

void add(const std::string& line, Members& members) {
  if (line.empty()) return;
  const json::object object = json::parse(line).as_object();
  collect(object, members[std::string{object.at("event").as_string()}]);
}

Members documented(const Page& page) {
  Members members = page.events;
  for (auto& [event, names] : members) names.insert(page.common.begin(), page.common.end());
  return members;
}

std::set<std::string> names_of(const Members& members) {
  std::set<std::string> names;
  for (const auto& [event, inside] : members) names.insert(event);
  return names;
}

void expect_same_events(const Members& page, Members program) {
  expect_same(names_of(page), names_of(program), "events");
  for (const auto& [event, names] : page) expect_same(names, program[event], event);
}

TEST(ManualTest, NmzbisectsEventsAreDescribed) {
  expect_same_events(documented(Page{pages / "nmzbisect/nmzbisect.1"}), events::names_in_json(events::Kind::search));
}

TEST(ManualTest, NmzswarmsEventsAreDescribed) {
  expect_same_events(documented(Page{pages / "nmzswarm/nmzswarm.1"}), events::names_in_json(events::Kind::suite));
}

TEST(ManualTest, TheWordsForAResultAreDescribed) {
  std::set<std::string> words;
  for (int value = 0; value <= static_cast<int>(events::Mark::repeated); ++value) {
    words.insert(events::word_of(static_cast<events::Mark>(value)));
  }
  EXPECT_EQ(words.size(), 11U);
  EXPECT_THAT(missing(words, Page{pages / "nmzbisect/nmzbisect.1"}.words.at("job-done")),
              testing::ElementsAre("flaky", "lost", "repeated"))
      << "a search has none of these";
  EXPECT_THAT(missing(words, Page{pages / "nmzswarm/nmzswarm.1"}.words.at("workload-done")),
              testing::ElementsAre("stopped"))
      << "nor a suite of this one";
}

/// What a run writes that passes, fails, retries and loses a worker; the events above are made by hand.
TEST(ManualTest, ARunWritesNothingElse) {
  const support::TempDirectory place{"manual"};
  support::Program program{{NMZ_NMZSWARM, "--workloads", "-", "--retries", "1", "--no-history", "--log-dir", "logs",
                            "--json", "events", "--", "sh", "-c",
                            "case $NMZ_WORKLOAD in lost) test $NMZ_ATTEMPT -gt 1 || kill -9 $PPID ;; *) $NMZ_WORKLOAD; "
                            "esac"}};
  program.directory = place.path();
  program.input = "true\nfalse\nlost\n";
  program.unset = {"NMZ_*", "GITHUB_ACTIONS"};
  program.env = {"XDG_CACHE_HOME=" + place.path().string()};
  const support::Ended ended = support::run_program(program);
  ASSERT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  Members written;
  std::istringstream lines{support::read_file(place.path() / "events")};
  for (std::string line; std::getline(lines, line);) add(line, written);
  const Members known = documented(Page{pages / "nmzswarm/nmzswarm.1"});
  EXPECT_GE(written.size(), 8U) << ended.out;  // all but notice, and perhaps workload-returned
  for (const auto& [event, names] : written) {
    ASSERT_TRUE(known.contains(event)) << event;
    EXPECT_THAT(missing(names, known.at(event)), IsEmpty()) << event;
  }
}

}  // namespace
}  // namespace nmz::manual
