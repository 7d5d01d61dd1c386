// Lines of any length, in pieces of any size, against regexec() over the whole line.
#include "line_matcher.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <regex.h>

namespace nmz::agent {
namespace {

constexpr std::array expressions{"^b",    "b$",   "^ab*c$",  "a[^b]*b", "xay|^q", "(b|c)a$",
                                 "\\<qb", "b.*q", "(q)z\\1", "bq{2}a",  "^$",     "\\bza"};

/// A line of `x` with some other letters, many of them where 64 KiB are full.
std::string random_line(std::mt19937& random, std::size_t size) {
  constexpr std::string_view letters = "abcqzxy ";
  constexpr std::size_t boundary = std::size_t{64} << 10;
  std::string line(size, 'x');
  for (std::size_t spot = 0; spot < random() % 4 && size > 0; ++spot) {
    const std::size_t at = random() % 3 == 0 ? boundary - 6 + random() % 8 : random() % size;
    for (std::size_t i = at; i < std::min(at + 3, size); ++i) {
      line[i] = letters[random() % letters.size()];
    }
  }
  if (size > 0 && random() % 3 == 0) {
    (random() % 2 == 0 ? line.front() : line.back()) = letters[random() % letters.size()];
  }
  return line;
}

bool found_in(const char* expression, const std::string& line) {
  regex_t compiled{};
  EXPECT_EQ(::regcomp(&compiled, expression, REG_EXTENDED | REG_NOSUB), 0);
  const bool found = ::regexec(&compiled, line.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

/// Half of the pieces end beside a letter that is no `x`, where a cut could be taken for an end of the line.
bool matches(const char* expression, std::string_view output, std::mt19937& random) {
  auto matcher = LineMatcher::compile(expression);
  while (!output.empty()) {
    const std::size_t letter = std::min(output.find_first_not_of('x', 1), output.size());
    const std::size_t size = random() % 2 == 0 ? letter - 1 + random() % 3 : 1 + random() % 70'000;
    const std::string_view piece = output.substr(0, std::max<std::size_t>(size, 1));
    matcher->feed(piece);
    output.remove_prefix(piece.size());
  }
  return matcher->finish();
}

TEST(LineMatcherTest, FindsWhatASearchOfTheWholeLineFinds) {
  std::mt19937 random{7};
  for (int round = 0; round < 60; ++round) {
    for (const char* const expression : expressions) {
      const std::string line = random_line(random, round % 3 == 0 ? 1 + random() % 50 : 60'000 + random() % 140'000);
      const std::string output = line + (random() % 2 == 0 ? "\n" : "");
      ASSERT_EQ(matches(expression, output, random), found_in(expression, line))
          << expression << " round " << round << " size " << line.size();
    }
  }
}

TEST(LineMatcherTest, BeyondSixteenMegabytesTheEndsAreStillRight) {
  constexpr std::size_t window = std::size_t{16} << 20;
  std::mt19937 random{8};
  for (const std::size_t at : {window - 2, window + window / 2 - 1}) {
    std::string line(30'000'000, 'x');
    line.replace(at, 3, "abc");
    EXPECT_TRUE(matches("abc", line, random)) << at;
    EXPECT_FALSE(matches("^b?c|^a|a$|ab$|abc$|ax?$|^x$", line, random)) << at;
    EXPECT_TRUE(matches("abcx+$", line.substr(0, at + 5'000'000), random)) << at;
  }
}

}  // namespace
}  // namespace nmz::agent
