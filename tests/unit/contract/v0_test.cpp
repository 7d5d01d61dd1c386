// The messages against JSON as Namazu Swarm v0 published it, written down here by hand.
#include "nmz/contract/v0.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::contract::v0 {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* request_json = R"({"chunk_id":3,"workloads":[{"id":"sleep 1"},{"id":"echo \"hello\""}]})";
constexpr const char* result_json = R"({"chunk_id":3,"successful":true,"raw_log":"+ sleep 1\nhello\n"})";

ChunkRequest a_request() { return {3, {{"sleep 1"}, {"echo \"hello\""}}}; }
ChunkResult a_result() { return {3, true, "+ sleep 1\nhello\n"}; }

TEST(ContractV0Test, LabelsAreThePublishedOnes) {
  EXPECT_STREQ(master_script_label, "net.osrg.namazu-swarm.v0.master.script");
  EXPECT_STREQ(worker_script_label, "net.osrg.namazu-swarm.v0.worker.script");
}

TEST(ContractV0Test, ARequestIsWrittenAndReadAsPublished) {
  EXPECT_THAT(to_json(a_request()), Eq(request_json));
  EXPECT_THAT(*chunk_request_from_json(request_json), Eq(a_request()));
}

TEST(ContractV0Test, AResultIsWrittenAndReadAsPublished) {
  EXPECT_THAT(to_json(a_result()), Eq(result_json));
  EXPECT_THAT(*chunk_result_from_json(result_json), Eq(a_result()));
}

TEST(ContractV0Test, WhatOtherProgramsMayLeaveOutOrAddIsAccepted) {
  EXPECT_THAT(chunk_request_from_json(R"({"chunk_id":1,"workloads":null})")->workloads, IsEmpty());
  EXPECT_THAT(*chunk_result_from_json(R"({ "successful" : false, "more" : [1] })"), Eq(ChunkResult{}));
  EXPECT_THAT(chunk_request_from_json(R"({"chunk_id":7.0})")->chunk_id, Eq(7));
}

TEST(ContractV0Test, BytesThatAreNoTextAreReplaced) {
  EXPECT_THAT(to_json(ChunkResult{0, false, "a\xff\x1b"}),
              Eq("{\"chunk_id\":0,\"successful\":false,\"raw_log\":\"a\xEF\xBF\xBD\\u001b\"}"));
}

TEST(ContractV0Test, WhatIsNoMessageIsRefusedWithTheReason) {
  const auto refusal = [](const char* json) { return chunk_request_from_json(json).error().message; };
  EXPECT_THAT(refusal("{"), HasSubstr("this is no chunk request: "));
  EXPECT_THAT(refusal("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(refusal(R"({"chunk_id":"1"})"), HasSubstr("chunk_id has to be an integer"));
  EXPECT_THAT(refusal(R"({"chunk_id":1.5})"), HasSubstr("chunk_id has to be an integer"));
  EXPECT_THAT(refusal(R"({"workloads":{}})"), HasSubstr("workloads has to be a list"));
  EXPECT_THAT(refusal(R"({"workloads":["x"]})"), HasSubstr("a list of objects"));
  EXPECT_THAT(refusal(R"({"workloads":[{"id":1}]})"), HasSubstr("id has to be a string"));
  EXPECT_THAT(chunk_result_from_json(R"({"successful":"yes"})").error().message, HasSubstr("true or false"));
}

}  // namespace
}  // namespace nmz::contract::v0
