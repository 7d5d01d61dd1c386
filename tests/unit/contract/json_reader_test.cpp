// The reader as a whole, against Boost.JSON: what it takes, and what it makes of it.
#include "nmz/contract/json_reader.hpp"

#include <random>
#include <string>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::contract {
namespace {

namespace json = boost::json;

/// Makes the text again, as Boost.JSON writes it.
class Rewriter final : public JsonEvents {
 public:
  void begin(char bracket) override {
    value();
    out += bracket;
    brackets += bracket;
    fresh = true;
  }
  void end() override {
    out += brackets.back() == '{' ? '}' : ']';
    brackets.pop_back();
    fresh = false;
  }
  void name(std::string_view name) override {
    value();
    out += json::serialize(json::value(json::string_view{name.data(), name.size()})) + ':';
    fresh = true;
  }
  void text(std::string_view part, bool last) override {
    string += part;
    if (!last) return;
    value();
    out += json::serialize(json::value(json::string_view{string.data(), string.size()}));
    string.clear();
  }
  void word(std::string_view word) override {
    value();
    out += word;
  }
  std::string out;

 private:
  void value() {
    if (!fresh) out += ',';
    fresh = false;
  }
  std::string brackets;
  std::string string;
  bool fresh = true;
};

/// Nothing when it is no JSON.
std::string rewritten(std::string_view text, std::size_t piece) {
  Rewriter rewriter;
  JsonReader reader{rewriter};
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    if (!reader.feed(text.substr(0, piece))) return {};
  }
  return reader.finish() ? rewriter.out : std::string{};
}

TEST(JsonReaderTest, StringsAreReadWithTheirEscapes) {
  EXPECT_EQ(rewritten(R"("\u00e9\u20AC\ud83d\ude00\/\b\f")", 1), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\\b\\f\"");
  for (const char* const alone : {R"("\ud83d")", R"("\ude00")"}) {
    EXPECT_EQ(rewritten(alone, 1), "\"\xEF\xBF\xBD\"") << alone;
  }
  EXPECT_EQ(rewritten(R"("\ud83dx\ud83d\ud83d\ude00\ud83d\n")", 1),
            "\"\xEF\xBF\xBDx\xEF\xBF\xBD\xf0\x9f\x98\x80\xEF\xBF\xBD\\n\"");
}

TEST(JsonReaderTest, WhatIsWrongStaysWrong) {
  Rewriter rewriter;
  JsonReader reader{rewriter};
  EXPECT_FALSE(reader.feed("}"));
  EXPECT_FALSE(reader.feed("{}"));
  EXPECT_FALSE(reader.finish());
  EXPECT_FALSE(reader.whole());
}

TEST(JsonReaderTest, TakesWhatBoostJsonTakes) {
  std::mt19937_64 random{8259};
  const auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  const std::vector<std::string> bits{"{",  "}",  "[",   "]",       ",",      ":",    "\"a\"", "\"\\n\"", "1",
                                      "-",  "0",  "1.5", "e",       "+",      "true", "null",  "false",   " ",
                                      "\n", "\"", "\\",  "{\"a\":", "\"b\":", "x",    "\x01",  "[]",      "{}"};
  std::size_t taken = 0;
  for (int round = 0; round < 300000; ++round) {
    std::string text;
    for (std::size_t i = 1 + below(5); i > 0; --i) text += bits[below(bits.size())];
    boost::system::error_code error;
    static_cast<void>(json::parse(text, error));
    const std::string read = rewritten(text, 1 + below(4));
    ASSERT_EQ(!read.empty(), !error) << '\'' << text << "': " << error.message();
    if (error) continue;
    ++taken;
    ASSERT_EQ(read, rewritten(read, 1)) << text;
  }
  EXPECT_GT(taken, 3000U);
}

}  // namespace
}  // namespace nmz::contract
