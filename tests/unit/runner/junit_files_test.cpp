// junit-files: what the tools' reports are like, and what becomes of the words after --.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

// Each as the tool writes it, as far as it matters; Catch2's is recorded (2.13, another time for the first).
const std::string surefire = R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="shop.CartTest" time="0.31" tests="4" errors="1"
    skipped="1" failures="1">
  <properties><property name="java.version" value="17"/></properties>
  <testcase name="adds" classname="shop.CartTest" time="0.25"/>
  <testcase name="divides(int)[1]" classname="shop.CartTest" time="0.01">
    <failure message="expected: &lt;2&gt; but was: &lt;3&gt;" type="AssertionFailedError"><![CDATA[stack]]></failure>
    <system-out><![CDATA[said]]></system-out>
  </testcase>
  <testcase name="waits" classname="shop.CartTest" time="0"><skipped message="not here"/></testcase>
  <testcase name="breaks" classname="shop.CartTest" time="0.05">
    <error type="java.lang.NullPointerException">java.lang.NullPointerException
	at shop.Cart.sum</error>
  </testcase>
</testsuite>
)xml";
const std::string gradle = R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="shop.TillTest" tests="2" skipped="0" failures="1" errors="0" hostname="build" time="0.02">
  <properties/>
  <testcase name="opens()" classname="shop.TillTest" time="0.015"/>
  <testcase name="closes()" classname="shop.TillTest" time="0.005">
    <failure message="java.lang.AssertionError: shut" type="java.lang.AssertionError">java.lang.AssertionError: shut</failure>
  </testcase>
  <system-out><![CDATA[]]></system-out>
</testsuite>
)xml";
const std::string phpunit = R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="all" tests="2" assertions="2" errors="0" failures="1" skipped="0" time="0.01">
    <testsuite name="Shop\CartTest" file="/src/tests/CartTest.php" tests="2">
      <testcase name="testAdds" file="/src/tests/CartTest.php" line="7" class="Shop\CartTest" classname="Shop.CartTest"
          assertions="1" time="0.004"/>
      <testsuite name="Shop\CartTest::testSum">
        <testcase name="testSum with data set &quot;one&quot;" file="/src/tests/CartTest.php" line="12"
            class="Shop\CartTest" classname="Shop.CartTest" assertions="1" time="0.001">
          <failure type="PHPUnit\Framework\ExpectationFailedException">Shop\CartTest::testSum with data set "one"
Failed asserting that 3 matches expected 2.</failure>
        </testcase>
      </testsuite>
    </testsuite>
  </testsuite>
</testsuites>
)xml";
const std::string catch2 = R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="shop_tests" errors="1" failures="1" tests="4" hostname="tbd" time="0.151" timestamp="2026-11-30T10:19:20Z">
    <testcase classname="shop_tests.global" name="carts add up" time="0.150" status="run"/>
    <testcase classname="shop_tests.global" name="tills, open" time="0.000" status="run">
      <failure message="1 == 2" type="REQUIRE">
FAILED:
  REQUIRE( 1 == 2 )
at t.cpp:5
      </failure>
    </testcase>
    <testcase classname="shop_tests.Shop" name="a method" time="0.001" status="run"/>
    <testcase classname="shop_tests.global" name="throws" time="0.000" status="run">
      <error type="TEST_CASE">
FAILED:
Unknown exception
at t.cpp:9
      </error>
    </testcase>
    <system-out/>
    <system-err/>
  </testsuite>
</testsuites>
)xml";

/// What the list script prints.
std::string listing(const std::string& pattern, const Words& reports) {
  std::string output = pattern + "\n";
  for (const std::string& report : reports) output += std::to_string(report.size()) + "\n" + report + "\n";
  return output;
}

Words listed(const std::string& pattern, const Words& reports) {
  return make("junit-files")->read_list(listing(pattern, reports)).value_or(Words{"an error"});
}

Words told(const std::string& pattern, const Words& reports) {
  std::vector<File> files{{"report.names", pattern}};
  for (const std::string& report : reports) files.push_back({"report-1.xml", report});
  Words lines;
  for (const TestEnd& end : make("junit-files")->read_report(files, {}).ends) {
    lines.push_back(std::string{to_string(end.verdict)} + " " + end.id +
                    (end.detail.empty() ? "" : " (" + end.detail + ")"));
  }
  return lines;
}

Words arguments(const Words& words, const Words& ids) { return make("junit-files")->run(words, ids).arguments; }

std::string complaint(const Words& words) {
  const Script script = make("junit-files")->list(words);
  return script.text.ends_with("exit 2") ? script.arguments.at(0) : "none";
}

TEST(JunitFilesTest, SurefiresClassesOrTheirMethods) {
  EXPECT_THAT(listed("{class}#{name}", {surefire}), ElementsAre("shop.CartTest#adds", "shop.CartTest#divides(int)[1]",
                                                                "shop.CartTest#waits", "shop.CartTest#breaks"));
  EXPECT_THAT(
      told("{class}#{name}", {surefire}),
      ElementsAre("passed shop.CartTest#adds", "failed shop.CartTest#divides(int)[1] (expected: <2> but was: <3>)",
                  "skipped shop.CartTest#waits (not here)",
                  "error shop.CartTest#breaks (java.lang.NullPointerException)"));
  // A class is what its worst case is, and lasts as long as all of them.
  EXPECT_THAT(told("{class}", {surefire, gradle}),
              ElementsAre("failed shop.CartTest (divides(int)[1]: expected: <2> but was: <3>)",
                          "failed shop.TillTest (closes(): java.lang.AssertionError: shut)"));
  EXPECT_EQ(make("junit-files")->read_times(listing("{class}", {surefire})).at(0).took, 310ms);
}

TEST(JunitFilesTest, Gradles) {
  EXPECT_THAT(listed("{}", {gradle, surefire}),
              testing::IsSupersetOf({"shop.TillTest.opens()", "shop.TillTest.closes()", "shop.CartTest.adds"}));
  EXPECT_THAT(arguments({"build/test-results/test/*.xml", "gradle", "test", "--tests={}", "--rerun"},
                        {"shop.TillTest.opens()", "shop.CartTest.adds"}),
              ElementsAre("--tests=shop.TillTest.opens()", "--tests=shop.CartTest.adds"));
}

TEST(JunitFilesTest, PhpUnits) {
  EXPECT_THAT(
      told("{class}::{name}", {phpunit}),
      ElementsAre(
          "passed Shop.CartTest::testAdds",
          "failed Shop.CartTest::testSum with data set \"one\" (Shop\\CartTest::testSum with data set \"one\")"));
  EXPECT_THAT(listed("{file}", {phpunit}), ElementsAre("/src/tests/CartTest.php"));
  EXPECT_THAT(arguments({"junit.xml", "phpunit", "--log-junit", "{report}", "--filter", "/^({class}::{name}|...)$/"},
                        {"A::x", "A::y"}),
              ElementsAre("/^(A::x|A::y)$/"));
}

TEST(JunitFilesTest, Catch2s) {
  EXPECT_THAT(told("{name}", {catch2}), ElementsAre("passed carts add up", "failed tills, open (1 == 2)",
                                                    "passed a method", "error throws (FAILED:)"));
  const auto runner = make("junit-files");
  EXPECT_EQ(runner->read_times(listing("{name}", {catch2})).at(0).took, 150ms);
  const Script script = runner->run({"junit.xml", "./it's", "{name},...", "-o", "{report}"}, Words{"a", "b"});
  EXPECT_THAT(script.text, HasSubstr("\n'./it'\\''s' \"$@\" '-o' ''\"$NMZ_REPORT\"'' \n"));
  EXPECT_THAT(script.text, Not(HasSubstr("junit.xml"))) << "it has a report of its own";
  EXPECT_THAT(script.arguments, ElementsAre("a,b"));
}

TEST(JunitFilesTest, ATestsNameIsNeverAScript) {
  const Words ids{"$(touch here)'\""};
  EXPECT_EQ(arguments({"r.xml", "./run", "{}"}, ids), ids);
  EXPECT_THAT(complaint({"r.xml", "sh", "-c", "./run {}"}), HasSubstr("a script may not have a test's name in it"));
  EXPECT_THAT(complaint({"r.xml", "sh", "-c", "./run \"$@\"", "sh", "{}"}), "none");
}

TEST(JunitFilesTest, WordsThatAreNotEnoughAreToldInALine) {
  EXPECT_THAT(complaint({}), HasSubstr("the first word after -- is where its reports are"));
  EXPECT_THAT(complaint({"./run", "{}"}), HasSubstr("the first word after -- is where its reports are"));
  EXPECT_THAT(complaint({"a.xml", "b.xml"}), HasSubstr("its command goes behind its reports"));
  EXPECT_THAT(complaint({"a.xml", "./run"}), HasSubstr("no word of its command has a place for tests"));
  EXPECT_THAT(complaint({"a.xml", "./run", "{}", "{name}"}), HasSubstr("two words of its command have a place"));
}

TEST(JunitFilesTest, CasesWithoutWhatTheyAreCalledByAreNone) {
  EXPECT_THAT(told("{class}.{name}", {"<testcase name='n'/><testcase classname='c' name='n'/>"}),
              ElementsAre("passed c.n"));
  EXPECT_THAT(told("{}", {"<testcase name='n'/>"}), ElementsAre("passed n"));
  EXPECT_THAT(listed("{file}", {surefire}), ElementsAre("an error"));
  EXPECT_THAT(listed("{}", {}), ElementsAre("an error"));
}

TEST(JunitFilesTest, AListThatIsCutOffIsReadAsFarAsItGoes) {
  const std::string whole = listing("{name}", {catch2, gradle});
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    for (const TestEnd& end : make("junit-files")->read_times(whole.substr(0, size))) {
      EXPECT_THAT(whole, HasSubstr(end.id));
    }
  }
  EXPECT_THAT(make("junit-files")->read_times("{name}\n99999999999999999999\n<testcase name='n'/>"), IsEmpty());
}

}  // namespace
}  // namespace nmz::runner
