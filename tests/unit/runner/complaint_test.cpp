#include "nmz/runner/complaint.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::runner {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ComplaintTest, PytestsUsageErrorIsNotItsRootDirectory) {
  const std::string said =
      "ERROR: usage: python3 -m pytest [options] [file_or_dir] [file_or_dir] [...]\n"
      "python3 -m pytest: error: unrecognized arguments: --no-such\n"
      "  inifile: None\n"
      "  rootdir: /src\n\n";
  EXPECT_THAT(complaint(said), HasSubstr("unrecognized arguments: --no-such"));
  EXPECT_THAT(complaint(said), Not(HasSubstr("rootdir")));
  EXPECT_EQ(advice(4, said, "pytest"), "what stands after -- is given to pytest");
}

TEST(ComplaintTest, AnExceptionIsToldWithWhereItCameFrom) {
  const std::string said =
      "ImportError while loading conftest '/src/conftest.py'.\n"
      "conftest.py:1: in <module>\n"
      "    import nothing_here\n"
      "E   ModuleNotFoundError: No module named 'nothing_here'\n";
  EXPECT_EQ(complaint(said),
            "ImportError while loading conftest '/src/conftest.py'. / ModuleNotFoundError: No module named "
            "'nothing_here'");
  EXPECT_EQ(advice(4, said, "pytest"), "");
}

TEST(ComplaintTest, WhatIsMissingIsToBeInstalled) {
  EXPECT_EQ(complaint("sh: 4: exec: go: not found\n"), "sh: 4: exec: go: not found");
  EXPECT_EQ(advice(127, "sh: 4: exec: go: not found\n", "go"), "is go installed where the tests run?");
  EXPECT_EQ(advice(1, "/usr/bin/python3: No module named pytest\n", "pytest"),
            "is pytest installed where the tests run?");
}

TEST(ComplaintTest, WithoutAComplaintTheLastLineIsIt) {
  EXPECT_EQ(complaint("one\ntwo\r\n\n"), "two");
  EXPECT_EQ(complaint("\n \n"), "");
  EXPECT_EQ(complaint(""), "");
}

TEST(ComplaintTest, OfManyComplaintsTheFirstAndTheLastAreTold) {
  std::string said;
  for (int i = 0; i < 50; ++i) said += "error " + std::to_string(i) + std::string(500, '.') + "\n";
  EXPECT_THAT(complaint(said), testing::StartsWith("error 0"));
  EXPECT_THAT(complaint(said), HasSubstr("error 49"));
  EXPECT_LT(complaint(said).size(), 500U);
}

}  // namespace
}  // namespace nmz::runner
