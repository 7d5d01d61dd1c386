// Whatever was changed, dropped, repeated or moved on the way ends the connection and is never taken for plaintext. The
// primitives are the library's business.
#include "secure_channel.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace nmz::agent {
namespace {

constexpr Key token{1, 2, 3};
const CallKeys keys = first_keys(token, "task");
constexpr Key agents_random{4, 5, 6};
constexpr Key relays_random{7, 8, 9};

struct Ends {
  Session agent;
  Session relay;
};

Ends connect() {
  const Caller caller{3, keys, agents_random};
  Answer answered = answer(caller.opening(), token, relays_random);
  auto session = caller.finish(answered.reply);
  return {session.value(), std::move(answered.session)};
}

TEST(SecureChannelTest, BothWaysSayWhatWasSaidAndAgreeOnTheNextKey) {
  EXPECT_EQ(slot_of(Caller(3, keys, agents_random).opening()), 3U);
  Ends ends = connect();
  EXPECT_EQ(ends.agent.next, ends.relay.next);
  EXPECT_NE(ends.agent.next, token);
  std::string bytes;
  std::string heard;
  for (const std::string& said : {std::string{}, std::string{"a"}, std::string(max_record, 'x')}) {
    ends.agent.sealer.seal(said, bytes);
  }
  EXPECT_EQ(bytes.find("xxxx"), std::string::npos);
  for (const char byte : bytes) {
    ASSERT_TRUE(ends.relay.opener.open({&byte, 1}, heard));
  }
  EXPECT_EQ(heard, "a" + std::string(max_record, 'x'));
  std::string back;
  ends.relay.sealer.seal("back", back);
  EXPECT_FALSE(ends.relay.opener.open(back, heard)) << "sent back to where it came from";
  heard.clear();
  EXPECT_TRUE(ends.agent.opener.open(back, heard));
  EXPECT_EQ(heard, "back");
}

TEST(SecureChannelTest, EachChangedByteOfTheHandshakeEndsIt) {
  const Caller caller{3, keys, agents_random};
  EXPECT_FALSE(proves(caller.opening(), Key{1, 2}));
  for (std::size_t at = 0; at < opening_size; ++at) {
    std::string changed = caller.opening();
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(proves(changed, token) && proves(changed, keys.task_key)) << at;
    if (at < opening_size - 32) {
      EXPECT_FALSE(proves(changed, token) || proves(changed, keys.task_key)) << at;
    }
  }
  const std::string reply = answer(caller.opening(), token, relays_random).reply;
  for (std::size_t at = 0; at < reply_size; ++at) {
    std::string changed = reply;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(caller.finish(changed)) << at;
  }
  EXPECT_FALSE(caller.finish(answer(caller.opening(), Key{1, 2}, relays_random).reply));
  EXPECT_FALSE(Caller(3, keys, Key{9}).finish(reply)) << "the answer to another opening";
}

TEST(SecureChannelTest, EitherOfTwoKeysWillDoAndNoOther) {
  EXPECT_NE(keys.task_key, token);
  EXPECT_NE(keys.task_key, task_key(token, "tasks"));
  const Caller caller{3, keys, agents_random};
  EXPECT_TRUE(proves(caller.opening(), token));
  EXPECT_TRUE(proves(caller.opening(), keys.task_key));
  EXPECT_FALSE(proves(caller.opening(), task_key(token, "another")));
  Answer by_token = answer(caller.opening(), token, relays_random);
  Answer by_task = answer(caller.opening(), keys.task_key, relays_random);
  EXPECT_NE(by_token.session.next, by_task.session.next);
  EXPECT_EQ(caller.finish(by_token.reply).value().next, by_token.session.next);
  EXPECT_EQ(caller.finish(by_task.reply).value().next, by_task.session.next);
  EXPECT_FALSE(caller.finish(answer(caller.opening(), task_key(token, "another"), relays_random).reply));
}

TEST(SecureChannelTest, ARecordedConversationOpensNothingAgain) {
  Ends first = connect();
  std::string last_word;
  first.agent.sealer.seal({}, last_word);
  Answer again = answer(Caller(3, keys, agents_random).opening(), token, Key{10});
  std::string heard;
  EXPECT_FALSE(again.session.opener.open(last_word, heard));
}

TEST(SecureChannelTest, EachChangedDroppedRepeatedOrMovedRecordEndsIt) {
  std::vector<std::string> records(3);
  Ends sender = connect();
  for (std::string& record : records) {
    sender.agent.sealer.seal("secret", record);
  }
  const auto hears = [](const std::string& bytes) {
    Ends ends = connect();
    std::string heard;
    const bool sound = ends.relay.opener.open(bytes, heard);
    EXPECT_TRUE(sound || !ends.relay.opener.open({}, heard)) << "for ever";
    return std::pair{sound, heard};
  };
  EXPECT_EQ(hears(records[0] + records[1]), std::pair(true, std::string{"secretsecret"}));
  EXPECT_EQ(hears(records[1]), std::pair(false, std::string{}));
  EXPECT_EQ(hears(records[0] + records[0]), std::pair(false, std::string{"secret"}));
  EXPECT_EQ(hears(records[0] + records[2]), std::pair(false, std::string{"secret"}));
  EXPECT_EQ(hears(std::string(4, static_cast<char>(0xff))), std::pair(false, std::string{})) << "a length of 4 GiB";
  for (std::size_t at = 0; at < records[0].size(); ++at) {
    std::string changed = records[0];
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto [sound, heard] = hears(changed + records[1] + std::string(max_record, 'x'));
    EXPECT_FALSE(sound) << at;
    EXPECT_EQ(heard, "") << at;
  }
}

}  // namespace
}  // namespace nmz::agent
