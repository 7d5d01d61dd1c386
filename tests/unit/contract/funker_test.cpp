// The messages against the bytes that the programs of Namazu Swarm v0 write, which were taken from them: built with Go
// 1.19 from v0's sources and called over TCP.
#include "nmz/contract/funker.hpp"

#include <random>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/text/utf8.hpp"

namespace nmz::contract::funker {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using v0::ChunkRequest;
using v0::ChunkResult;

Result<ChunkRequest> request_from(std::string_view json) {
  RequestReader reader;
  if (const auto fed = reader.feed(json); !fed) return tl::unexpected<Error>{fed.error()};
  return reader.finish();
}

Result<ChunkResult> result_from(std::string_view json, std::size_t piece = std::string::npos) {
  ChunkResult result;
  ResultReader reader{[&result](std::string_view bytes) { result.raw_log += bytes; }};
  for (; !json.empty(); json.remove_prefix(std::min(piece, json.size()))) {
    if (const auto fed = reader.feed(json.substr(0, piece)); !fed) return tl::unexpected<Error>{fed.error()};
  }
  return reader.finish().map([&result](const Verdict& verdict) {
    result.chunk_id = verdict.chunk_id;
    result.successful = verdict.successful;
    return result;
  });
}

/// What v0's master sends of the line `echo "<a>" && \x?? U+2028 SOH DEL TAB .`, ?? being the byte FF.
constexpr const char* master_line = "echo \"<a>\" && \\x\xff \xe2\x80\xa8 \x01\x7f\t.";
constexpr const char* master_bytes =
    R"({"chunk_id":0,"workloads":[{"id":"echo \"\u003ca\u003e\" \u0026\u0026 \\x\ufffd \u2028 \u0001)"
    "\x7f"
    R"(\t."}]})";

/// What v0's worker answers: text and no text, an encoded surrogate, half of a character at the end.
constexpr const char* worker_log =
    "hi <b> & \xc3\xa9\na\xff"
    "b\t\x01\x08\x0c\x7f\\\"\r\n\xe2\x80\xa8\xed\xa0\x80\xf0\x9f\x98";
constexpr const char* worker_bytes = R"({"chunk_id":3,"successful":true,"raw_log":"hi \u003cb\u003e \u0026 )"
                                     "\xc3\xa9"
                                     R"(\na\ufffdb\t\u0001\u0008\u000c)"
                                     "\x7f"
                                     R"(\\\"\r\n\u2028\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"})";

TEST(FunkerTest, LabelsAndPortAreThePublishedOnes) {
  EXPECT_STREQ(v0::master_script_label, "net.osrg.namazu-swarm.v0.master.script");
  EXPECT_STREQ(v0::worker_script_label, "net.osrg.namazu-swarm.v0.worker.script");
  EXPECT_EQ(port, 9999);
}

TEST(FunkerTest, ARequestIsWrittenAsTheMasterWritesIt) {
  EXPECT_THAT(to_json(ChunkRequest{0, {{master_line}}}), Eq(master_bytes));
  EXPECT_THAT(to_json(ChunkRequest{3, {{"sleep 1"}, {"x"}}}),
              Eq(R"({"chunk_id":3,"workloads":[{"id":"sleep 1"},{"id":"x"}]})"));
  EXPECT_THAT(to_json(ChunkRequest{-1, {}}), Eq(R"({"chunk_id":-1,"workloads":[]})"));
}

TEST(FunkerTest, AResultIsWrittenAsTheWorkerWritesIt) {
  EXPECT_THAT(to_json(ChunkResult{3, true, worker_log}), Eq(worker_bytes));
  EXPECT_THAT(to_json(ChunkResult{7, false, ""}), Eq(R"({"chunk_id":7,"successful":false,"raw_log":""})"));
}

TEST(FunkerTest, ALogIsWrittenTheSameHoweverItComes) {
  const std::string log{worker_log};
  const std::string whole = to_json(ChunkResult{3, true, log});
  for (std::size_t cut = 0; cut <= log.size(); ++cut) {
    for (std::size_t other = cut; other <= log.size(); ++other) {
      TextWriter writer;
      std::string text = result_head(3, true);
      writer.feed(log.substr(0, cut), text);
      writer.feed(log.substr(cut, other - cut), text);
      writer.feed(log.substr(other), text);
      writer.finish(text);
      text += result_tail;
      ASSERT_EQ(text, whole) << cut << ' ' << other;
    }
  }
}

TEST(FunkerTest, WhatTheProgramsWriteIsRead) {
  const auto request = request_from(master_bytes);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_THAT(request->workloads.at(0).id, Eq("echo \"<a>\" && \\x\xEF\xBF\xBD \xe2\x80\xa8 \x01\x7f\t."));
  const auto result = result_from(worker_bytes);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_TRUE(result->successful);
  EXPECT_THAT(result->raw_log, testing::StartsWith("hi <b> & \xc3\xa9\na\xEF\xBF\xBD"));
  EXPECT_THAT(*request_from(R"({"chunk_id":0,"workloads":null})"), Eq(ChunkRequest{}));  // Go's empty list
}

TEST(FunkerTest, WhatOtherProgramsMayLeaveOutOrAddIsAccepted) {
  EXPECT_THAT(*request_from("{}"), Eq(ChunkRequest{}));
  EXPECT_THAT(
      *request_from(R"( {"more":{"workloads":[{"id":1}],"chunk_id":"x"},"workloads":[{"id":"a","x":[[{"id":2}]]},)"
                    R"({}],"chunk_id" : 5} )"),
      Eq(ChunkRequest{5, {{"a"}, {""}}}));
  EXPECT_THAT(*request_from(R"({"workloads":[{"id":"a"},{"id":"b"}],"workloads":[{"id":"x","id":"c"}]})"),
              Eq(ChunkRequest{0, {{"c"}}}));
  EXPECT_THAT(*result_from(R"({"raw_log":"x","successful":false,"chunk_id":2,"raw_log.x":3,"o":{"raw_log":"no"}})"),
              Eq(ChunkResult{2, false, "x"}));
}

TEST(FunkerTest, WhatIsNoMessageIsRefusedWithTheReason) {
  const auto refusal = [](std::string_view json) {
    const auto read = request_from(json);
    return read ? "accepted" : read.error().message;
  };
  EXPECT_THAT(refusal(""), Eq("this is no chunk request: it ends in the middle"));
  EXPECT_THAT(refusal("{"), HasSubstr("it ends in the middle"));
  EXPECT_THAT(refusal("GET / HTTP/1.1\r\n"), HasSubstr("a value is missing"));
  for (const char* const no_object : {"[]", "1", "null", "\"text\""}) {
    EXPECT_THAT(refusal(no_object), HasSubstr("it is no JSON object"));
  }
  EXPECT_THAT(refusal("{}x"), HasSubstr("there is more behind its end"));
  EXPECT_THAT(refusal(R"({"chunk_id":"1"})"), HasSubstr("chunk_id has to be an integer"));
  EXPECT_THAT(refusal(R"({"chunk_id":1.5})"), HasSubstr("chunk_id has to be an integer"));
  EXPECT_THAT(refusal(R"({"chunk_id":99999999999999999999})"), HasSubstr("chunk_id has to be an integer"));
  EXPECT_THAT(refusal(R"({"workloads":{}})"), HasSubstr("workloads has to be a list"));
  EXPECT_THAT(refusal(R"({"workloads":"x"})"), HasSubstr("workloads has to be a list"));
  EXPECT_THAT(refusal(R"({"workloads":["x"]})"), HasSubstr("workloads has to be a list of objects"));
  EXPECT_THAT(refusal(R"({"workloads":[{"id":1}]})"), HasSubstr("id has to be a string"));
  EXPECT_THAT(refusal(R"({"workloads":[{"id":["x"]}]})"), HasSubstr("id has to be a string"));
}

TEST(FunkerTest, AResultThatDoesNotSayHowItsChunkEndedIsNone) {
  const auto refusal = [](std::string_view json) {
    const auto read = result_from(json);
    return read ? "accepted" : read.error().message;
  };
  EXPECT_THAT(refusal("{}"), Eq("this is no chunk result: it has no chunk_id"));
  EXPECT_THAT(refusal(R"({"chunk_id":1,"raw_log":""})"), HasSubstr("it has no successful"));
  EXPECT_THAT(refusal(R"({"chunk_id":1,"successful":null,"raw_log":""})"), HasSubstr("it has no successful"));
  EXPECT_THAT(refusal(R"({"chunk_id":1,"successful":"yes"})"), HasSubstr("successful has to be true or false"));
  EXPECT_THAT(refusal(R"({"chunk_id":1,"successful":1})"), HasSubstr("successful has to be true or false"));
  EXPECT_THAT(refusal(R"({"chunk_id":1,"successful":true,"raw_log":[]})"), HasSubstr("raw_log has to be a string"));
}

TEST(FunkerTest, AHostilePeerIsNotKept) {
  const auto fed_to_the_end = [](auto& reader, const std::string& head, const std::string& more, std::size_t times) {
    Result<void> fed = reader.feed(head);
    for (std::size_t i = 0; fed && i < times; ++i) fed = reader.feed(more);
    return fed;
  };
  const std::string piece(std::size_t{1} << 20, ' ');
  RequestReader endless;
  EXPECT_THAT(fed_to_the_end(endless, "{", piece, 64).error().message, HasSubstr("larger than 32 MiB"));
  RequestReader deep;
  EXPECT_THAT(fed_to_the_end(deep, "{\"x\":", "[[[[[[[[", 9).error().message, HasSubstr("nested too deeply"));
  RequestReader many;
  std::string empty_ones;
  for (int i = 0; i < 1000; ++i) empty_ones += "{},";
  EXPECT_THAT(fed_to_the_end(many, "{\"workloads\":[", empty_ones, 2000).error().message, HasSubstr("a million"));
  ResultReader number{[](std::string_view) {}};
  EXPECT_THAT(fed_to_the_end(number, "{\"chunk_id\":", "1111111111", 100).error().message,
              HasSubstr("a word without end"));
  ResultReader name{[](std::string_view) {}};
  EXPECT_TRUE(fed_to_the_end(name, "{\"", std::string(std::size_t{1} << 20, 'n'), 64)) << "passed over, not kept";
}

/// Written by the real thing, with spaces and unknown members strewn in; or broken somewhere.
TEST(FunkerTest, AgreesWithBoostJson) {
  namespace json = boost::json;
  std::mt19937_64 random{20170601};
  const auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  const std::vector<std::string> bits{
      "a", "\"", "\\", "\n", "\x01", "<", "\xc3\xa9", "\xe2\x80\xa8", "\xf0\x9f\x98\x80", "/", " "};
  const auto some_text = [&] {
    std::string text;
    for (std::size_t i = below(6); i > 0; --i) text += bits[below(bits.size())];
    return text;
  };
  std::size_t sound = 0;
  for (int round = 0; round < 20000; ++round) {
    ChunkResult result{static_cast<std::int64_t>(random()), below(2) == 0, some_text()};
    json::object object;
    const auto add_unknown = [&] {
      if (below(3) == 0)
        object[some_text() + "?"] = json::value{json::array{1.5e3, nullptr, json::object{{"raw_log", 1}}}};
    };
    add_unknown();
    object["chunk_id"] = result.chunk_id;
    add_unknown();
    object["raw_log"] = result.raw_log;
    object["successful"] = result.successful;
    add_unknown();
    std::string text = json::serialize(object);
    const bool broken = below(2) == 0;
    if (broken) {
      const std::size_t at = below(text.size());
      constexpr std::string_view signs = "{}[]\",:0x\\ue.-t";
      below(2) == 0 ? text.erase(at, 1 + below(3)) : text.insert(at, 1, signs[below(signs.size())]);
    }
    boost::system::error_code error;
    const json::value oracle = json::parse(text, error);
    const auto read = result_from(text, 1 + below(text.size()));
    if (error) {
      // Of a lone surrogate Go makes U+FFFD and Boost an error; bytes that are no UTF-8 are taken as they are.
      const bool tolerated = error == json::error::illegal_leading_surrogate ||
                             error == json::error::illegal_trailing_surrogate ||
                             error == json::error::expected_utf16_escape || nmz::text::valid_utf8(text) != text;
      EXPECT_TRUE(!read || tolerated) << text << ": " << error.message();
      continue;
    }
    const json::object* const members = oracle.if_object();
    const auto kind = [members](const char* name) { return members == nullptr ? nullptr : members->if_contains(name); };
    const json::value* const id = kind("chunk_id");
    const json::value* const verdict = kind("successful");
    const json::value* const log = kind("raw_log");
    const bool fine = id != nullptr && id->is_int64() && verdict != nullptr && verdict->is_bool() &&
                      (log == nullptr || log->is_string() || log->is_null());
    ASSERT_EQ(read.has_value(), fine) << text << (read ? "" : ": " + read.error().message);
    if (!fine) continue;
    ++sound;
    ASSERT_EQ(read->chunk_id, id->get_int64()) << text;
    ASSERT_EQ(read->successful, verdict->get_bool()) << text;
    ASSERT_EQ(read->raw_log, log != nullptr && log->is_string() ? std::string{log->get_string()} : "") << text;
  }
  EXPECT_GT(sound, 5000U);
}

/// What one half writes the other reads, whatever the bytes are.
TEST(FunkerTest, WhatIsWrittenIsRead) {
  std::mt19937_64 random{9999};
  for (int round = 0; round < 2000; ++round) {
    ChunkRequest request{static_cast<std::int64_t>(random()), {}};
    for (std::size_t count = random() % 4; count > 0; --count) {
      std::string id;
      for (std::size_t size = random() % 5; size > 0; --size) id += static_cast<char>(random() % 128);
      request.workloads.push_back({id});
    }
    const std::string text = to_json(request);
    const auto read = request_from(text);
    ASSERT_TRUE(read) << text << ": " << read.error().message;
    ASSERT_EQ(*read, request) << text;
    boost::system::error_code error;
    static_cast<void>(boost::json::parse(text, error));
    ASSERT_FALSE(error) << text;
  }
}

}  // namespace
}  // namespace nmz::contract::funker
