#include "inquiry.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace nmz::hook {
namespace {

using Kind = Finding::Kind;

ChildEnd ended(const std::string& result, const std::string& message = {}) {
  ChildEnd end;
  end.end.emplace();
  end.end->result = result;
  end.end->message = message;
  return end;
}

TEST(InquiryTest, ATestSaysGoodOrBadOrNothing) {
  EXPECT_EQ(of_test(ended("good")).kind, Kind::good);
  EXPECT_EQ(of_test(ended("bad")).kind, Kind::suspects);
  for (const char* result : {"skip", "aborted", "no-workers", ""}) {
    EXPECT_EQ(of_test(ended(result)).kind, Kind::no_verdict) << result;
  }
  EXPECT_EQ(of_test(ended("skip", "it does not build")).why, "it does not build");
}

TEST(InquiryTest, ATestThatCannotBeginSaysWhy) {
  ChildEnd end;
  end.exit_code = 128;
  end.trouble = "no such thing";
  EXPECT_EQ(of_test(end).kind, Kind::no_verdict);
  EXPECT_EQ(of_test(end).why, "no such thing");
  end.trouble.clear();
  EXPECT_EQ(of_test(end).why, "the test ended with exit code 128");
}

TEST(InquiryTest, EachEndOfASearchHasItsMeaning) {
  const std::vector<std::pair<const char*, Kind>> table{{"found", Kind::culprit},
                                                        {"good-end-is-bad", Kind::older},
                                                        {"merge-base-is-bad", Kind::older},
                                                        {"no-good-end", Kind::older},
                                                        {"bad-end-is-good", Kind::good},
                                                        {"only-skipped", Kind::suspects},
                                                        {"contradiction", Kind::suspects},
                                                        {"aborted", Kind::suspects},
                                                        {"command-failed", Kind::no_verdict},
                                                        {"nothing-testable", Kind::no_verdict},
                                                        {"build-fails", Kind::no_verdict},
                                                        {"no-workers", Kind::no_verdict}};
  for (const auto& [result, kind] : table) EXPECT_EQ(of_search(ended(result)).kind, kind) << result;
}

TEST(InquiryTest, ASearchThatCannotBeginLeavesABadCommit) {
  ChildEnd end;
  end.exit_code = 128;
  end.trouble = "this clone is shallow";
  EXPECT_EQ(of_search(end).kind, Kind::suspects);
  EXPECT_EQ(of_search(end).why, "this clone is shallow");
}

TEST(InquiryTest, WhatIsCutShortIsNoVerdict) {
  for (const auto& [why, kind] : {std::pair{ChildEnd::Why::deadline, Kind::out_of_time},
                                  std::pair{ChildEnd::Why::interrupted, Kind::interrupted}}) {
    ChildEnd end = ended("found");
    end.why = why;
    EXPECT_EQ(of_test(end).kind, kind);
    EXPECT_EQ(of_search(end).kind, kind);
  }
}

}  // namespace
}  // namespace nmz::hook
