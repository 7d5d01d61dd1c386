// Lists of tests, what a runner is given of them, and how a directory's runner is found.
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> list(std::string_view runner, std::string_view output) {
  return make(runner)->read_list(output).value();
}

TEST(ListsTest, GoogleTestsSuitesAndParameters) {
  EXPECT_THAT(
      list("gtest",
           "#./a_test\nRunning main() from gmock_main.cc\nSumTest.\n  Adds\n  DISABLED_Later\n"
           "Some/ParamTest.  # TypeParam = int\n  Works/0  # GetParam() = \"a: b\"\n#b_test\nSumTest.\n  Adds\n"),
      ElementsAre("./a_test:SumTest.Adds", "./a_test:SumTest.DISABLED_Later", "./a_test:Some/ParamTest.Works/0",
                  "b_test:SumTest.Adds"));
}

TEST(ListsTest, AGroupOfGoogleTestsIsAFilterOfOneProgram) {
  const auto gtest = make("gtest");
  const std::vector<std::string> ids{"./a_test:SumTest.Adds", "./a_test:SumTest.Fails"};
  EXPECT_THAT(gtest->run({"./a_test", "./b_test", "--gtest_repeat=1"}, ids).arguments,
              ElementsAre("./a_test", "--gtest_repeat=1", "--gtest_filter=SumTest.Adds:SumTest.Fails"));
  EXPECT_NE(gtest->unit(ids[0]), gtest->unit("./b_test:SumTest.Adds"));
}

TEST(ListsTest, NamesAreTakenLiterallyWhereTheyAreAnExpression) {
  const std::vector<std::string> ids{"a.b+c", "x (1)"};
  EXPECT_THAT(make("ctest")->run({"-L", "quick"}, ids).arguments,
              ElementsAre("-L", "quick", "-R", "^(a\\.b\\+c|x \\(1\\))$"));
}

TEST(ListsTest, BatsTestsAreReadAsBatsReadsThem) {
  EXPECT_THAT(list("bats",
                   "#test/a.bats\n@test \"adds {two} numbers\" { [ 1 ]; }\n  @test 'single \"q\"' {\n@test plain {\n"
                   "@test \"a \\\"quoted\\\" \\$word\" {\n"),
              ElementsAre("test/a.bats:adds {two} numbers", "test/a.bats:single \"q\"", "test/a.bats:plain",
                          "test/a.bats:a \"quoted\" $word"));
}

TEST(ListsTest, OptionsStayAndFilesAreReplaced) {
  const std::vector<std::string> ids{"t/b.t"};
  EXPECT_THAT(make("prove")->run({"-I", "lib", "-l", "t/a.t", "t/b.t"}, ids).arguments,
              ElementsAre("-I", "lib", "-l", "t/b.t"));
}

TEST(ListsTest, AListThatIsNoneIsAnError) {
  EXPECT_FALSE(make("ctest")->read_list("no JSON"));
  EXPECT_FALSE(make("ctest")->read_list("{}"));
}

TEST(ListsTest, EveryRunnerOfTheTableIsThere) {
  for (const std::string& name : names()) EXPECT_NE(make(name), nullptr) << name;
  EXPECT_EQ(make("nosuch"), nullptr);
}

std::vector<std::string> found_in(const std::map<std::string, std::string>& directory) {
  Surroundings surroundings;
  for (const auto& [name, content] : directory) surroundings.files.push_back(name);
  surroundings.content = [&directory](const std::string& file) { return directory.at(file); };
  std::vector<std::string> found;
  for (const Found& one : detect(surroundings)) found.push_back(one.runner + ": " + one.because);
  return found;
}

TEST(ListsTest, ADirectoryShowsItsRunner) {
  EXPECT_THAT(found_in({{"pyproject.toml", "[tool.pytest.ini_options]"}}), ElementsAre("pytest: pyproject.toml"));
  EXPECT_THAT(found_in({{"pyproject.toml", "[build-system]"}}), IsEmpty());
  EXPECT_THAT(found_in({{"CTestTestfile.cmake", ""}}), ElementsAre("ctest: CTestTestfile.cmake"));
  EXPECT_THAT(found_in({{"go.mod", ""}, {"Cargo.toml", ""}}), ElementsAre("go: go.mod", "cargo: Cargo.toml"));
  EXPECT_THAT(found_in({{"package.json", "{\"devDependencies\": {\"vitest\": \"2\"}}"}}),
              ElementsAre("vitest: package.json"));
  EXPECT_THAT(found_in({{"x.bats", ""}}), ElementsAre("bats: x.bats"));
  EXPECT_THAT(found_in({{"Makefile", "check-TESTS: $(check_PROGRAMS)"}}), ElementsAre("make-check: Makefile"));
}

TEST(ListsTest, ARunnerThatAFileDescribes) {
  const auto own = described("# ours\nlist = ./suite --list \\\n  --quiet\nrun=./suite \"$@\"\nreport = tap\n", "own");
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ((*own)->list({"-x"}).text, "./suite --list --quiet\n");
  EXPECT_THAT((*own)->run({"-x"}, std::vector<std::string>{"a b"}).arguments, ElementsAre("a b"));
}

TEST(ListsTest, ADescriptionThatIsWrongSaysWhere) {
  EXPECT_THAT(described("list = x\nrun = y\n", "own").error().message, HasSubstr("does not say report"));
  EXPECT_THAT(described("list = x\nrun = y\nreport = z", "own").error().message, HasSubstr("junit, tap"));
  EXPECT_THAT(described("lsit = x\n", "own").error().message, HasSubstr("lsit = x"));
}

}  // namespace
}  // namespace nmz::runner
