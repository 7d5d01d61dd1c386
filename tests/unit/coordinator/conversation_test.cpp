#include "conversation.hpp"

#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/wire/kept_tree.hpp"

namespace nmz::coordinator {
namespace {

using job::OutcomeKind;
using job::Phase;
using std::chrono::microseconds;
using State = Conversation::State;

constexpr job::JobId first{1};
constexpr job::JobId second{2};

wire::Run run_of(job::JobId job, std::uint64_t log_limit = 0) {
  wire::Run run;
  run.job = job;
  run.attempt = 3;
  run.nonce = {static_cast<std::uint64_t>(job) * 1000, 7};
  run.log_limit = log_limit;
  return run;
}

wire::Finished end_of(const wire::Run& run, OutcomeKind kind = OutcomeKind::exited) {
  wire::Finished finished;
  finished.job = run.job;
  finished.attempt = run.attempt;
  finished.nonce = run.nonce;
  finished.outcome.kind = kind;
  return finished;
}

wire::TreeReady ready() {
  wire::TreeReady message;
  message.outcome.kind = OutcomeKind::exited;
  return message;
}

class ConversationTest : public testing::Test {
 protected:
  [[nodiscard]] bool hears(const wire::Message& message) { return !talk.hear(message).has_value(); }
  void greeted() { ASSERT_TRUE(hears(wire::Welcome{})); }
  void started(const wire::Run& run) {
    greeted();
    talk.send(run);
    ASSERT_TRUE(hears(wire::Started{run.job}));
  }
  void tree(const std::string& path) {
    std::string frames;
    wire::TreeFile file;
    file.path = path;
    wire::encode(wire::TreeBegin{true, false}, frames);
    wire::encode(file, frames);
    talk.send_tree(frames);
    talk.send(wire::TreeEnd{});
  }

  Conversation talk;
};

TEST_F(ConversationTest, AKeptTreeIsToldWhereOneWasAskedFor) {
  wire::Welcome welcome;
  welcome.kept = {"label", {"a"}, 2, 3};
  EXPECT_FALSE(hears(welcome)) << "nobody asked";
  wire::Hello hello;
  hello.kept_tree = true;
  const auto answers = [&](const wire::KeptTree& kept) {
    Conversation other;
    other.send(hello);
    welcome.kept = kept;
    return !other.hear(welcome).has_value();
  };
  EXPECT_TRUE(answers({"label", {"a"}, 2, 3}));
  EXPECT_TRUE(answers({}));
  EXPECT_FALSE(answers({"", {"a"}, 2, 3})) << "of no tree";
  EXPECT_FALSE(answers({"label", {"a", "b", "c"}, 2, 3})) << "more changed than there are";
  EXPECT_FALSE(answers({std::string(wire::longest_name + 1, 'x'), {}, 2, 3}));
  EXPECT_FALSE(answers({"label", {}, wire::most_paths_of_kept + 1, 3}));
  EXPECT_FALSE(answers({"label", {}, 1, wire::most_bytes_of_paths + 1}));
  EXPECT_FALSE(answers({"label", {std::string(wire::most_bytes_of_changes + 1, 'x')}, 1, 1}));
}

TEST_F(ConversationTest, RemarksAreAFewAndShortWhereTheyWereAskedFor) {
  greeted();
  EXPECT_FALSE(hears(wire::Remark{"is here"})) << "nobody asked";
  Conversation asked;
  wire::Hello hello;
  hello.remarks = true;
  asked.send(hello);
  EXPECT_FALSE(asked.hear(wire::Welcome{}));
  for (std::uint32_t i = 0; i < wire::most_remarks; ++i) EXPECT_FALSE(asked.hear(wire::Remark{"is here"}));
  EXPECT_TRUE(Conversation{asked}.hear(wire::Remark{"and here"}));
  asked.send(run_of(first));
  EXPECT_FALSE(asked.hear(wire::Remark{"and here"})) << "there is something new to tell";
  EXPECT_TRUE(asked.hear(wire::Remark{std::string(wire::longest_remark + 1, 'x')}));
}

/// Every state with every message: what is not listed here ends the worker.
TEST_F(ConversationTest, TheTable) {
  const wire::Run run = run_of(first);
  const std::vector<wire::Message> all{
      wire::Welcome{}, ready(),           wire::Started{first},    wire::Log{first, "x"},
      end_of(run),     wire::TreeState{}, wire::Heartbeat{second}, wire::Remark{"is here"}};
  const auto in_state = [&](State state) {
    Conversation it;
    wire::Hello hello;
    hello.remarks = true;
    it.send(hello);
    if (state == State::greeting) return it;
    EXPECT_FALSE(it.hear(wire::Welcome{}));
    if (state == State::idle) return it;
    if (state != State::job_waiting && state != State::job_running) {
      std::string frames;
      wire::encode(wire::TreeBegin{}, frames);
      it.send_tree(frames);
      if (state == State::laying_out) return it;
      it.send(wire::TreeEnd{});
      if (state == State::tree_due) return it;
      EXPECT_FALSE(it.hear(ready()));
    }
    it.send(run);
    if (state == State::job_waiting) return it;
    EXPECT_FALSE(it.hear(wire::Started{first}));
    if (state == State::job_running) return it;
    EXPECT_FALSE(it.hear(end_of(run)));
    return it;
  };
  const std::vector<std::pair<State, std::string>> expected{
      {State::greeting, "10000000"}, {State::idle, "00000011"},        {State::laying_out, "00000011"},
      {State::tree_due, "01000011"}, {State::job_waiting, "00100011"}, {State::job_running, "00011011"},
      {State::state_due, "00000111"}};
  for (const auto& [state, allowed] : expected) {
    ASSERT_EQ(in_state(state).state(), state);
    std::string heard;
    for (const wire::Message& message : all) heard += in_state(state).hear(message) ? '0' : '1';
    EXPECT_EQ(heard, allowed) << "state " << static_cast<int>(state);
  }
  EXPECT_TRUE(Conversation{}.hear(wire::Shutdown{}));
}

TEST_F(ConversationTest, AnEndNeedsTheNonceTheAttemptAndAStart) {
  const auto refuses = [](const wire::Finished& finished) {
    Conversation it;
    static_cast<void>(it.hear(wire::Welcome{}));
    it.send(run_of(first));
    static_cast<void>(it.hear(wire::Started{first}));
    return it.hear(finished).has_value();
  };
  const wire::Finished good = end_of(run_of(first));
  EXPECT_FALSE(refuses(good));
  const auto with = [&](auto change) {
    wire::Finished finished = good;
    change(finished);
    return finished;
  };
  EXPECT_TRUE(refuses(with([](auto& it) { it.nonce.low ^= 1U; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.nonce = {}; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.attempt = 4; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.job = second; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.test_time = microseconds{-1}; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.build_time = microseconds::max(); })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.outcome.detail.assign(longest_detail + 1, 'x'); })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.outcome.code = 256; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.outcome.kind = OutcomeKind::lost; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.outcome.kind = OutcomeKind::timed_out; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.outcome.matched = false; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.log_bytes = 1; })));
  EXPECT_TRUE(refuses(with([](auto& it) { it.log_cut = std::numeric_limits<std::uint64_t>::max(); })));
}

TEST_F(ConversationTest, TheLogIsNoLongerThanAskedFor) {
  started(run_of(first, 1000));
  EXPECT_TRUE(hears(wire::Log{first, std::string(1000, 'x')}));
  EXPECT_TRUE(hears(wire::Log{first, std::string(notice_size, 'x')}));
  EXPECT_FALSE(hears(wire::Log{first, "x"}));
}

TEST_F(ConversationTest, AJobThatWaitsCanBeWithdrawnAndNothingElse) {
  started(run_of(first));
  talk.send(run_of(second));
  EXPECT_FALSE(Conversation{talk}.hear(wire::Started{first}) == std::nullopt);
  EXPECT_TRUE(Conversation{talk}.hear(end_of(run_of(second), OutcomeKind::cancelled)));
  talk.send(wire::Cancel{second, true});
  EXPECT_TRUE(Conversation{talk}.hear(end_of(run_of(second))));
  EXPECT_TRUE(hears(end_of(run_of(second), OutcomeKind::cancelled)));
  talk.send(wire::Cancel{first});
  EXPECT_FALSE(Conversation{talk}.hear(wire::Log{first, ""}) == std::nullopt) << "there could be any number of them";
  EXPECT_TRUE(hears(end_of(run_of(first)))) << "it beat its Cancel";
}

TEST_F(ConversationTest, ChangedFilesAreNoMoreThanWereLaidOut) {
  greeted();
  tree("abc");
  ASSERT_TRUE(hears(ready()));
  talk.send(run_of(first));
  ASSERT_TRUE(hears(wire::Started{first}));
  ASSERT_TRUE(hears(end_of(run_of(first))));
  EXPECT_TRUE(Conversation{talk}.hear(wire::TreeState{{"abcd"}, false}));
  EXPECT_TRUE(Conversation{talk}.hear(wire::TreeState{{"", ""}, false}));
  EXPECT_TRUE(Conversation{talk}.hear(wire::TreeState{{}, false})) << "there could be any number of them";
  EXPECT_TRUE(hears(wire::TreeState{{"abc"}, false}));
  EXPECT_TRUE(hears(wire::TreeState{}));
  EXPECT_FALSE(hears(wire::TreeState{}));
}

/// An honest agent with a queue, in any order of reading and speaking, is never refused; one message of somebody else's
/// in its stream never ends a job, since the nonce is missing.
TEST_F(ConversationTest, AnyHonestOrderIsHeardAndNoForgedEnd) {
  constexpr std::uint32_t seeds = 2000;
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    std::mt19937 random{seed};
    const auto one_in = [&](unsigned count) { return random() % count == 0; };
    Conversation it;
    ASSERT_FALSE(it.hear(wire::Welcome{}));
    std::vector<wire::Run> at_agent;
    bool runs = false;
    std::uint64_t logged = 0;
    std::uint64_t next = 1;
    for (int step = 0; step < 60; ++step) {
      const auto forged = [&] {
        wire::Finished finished = end_of(at_agent.at(random() % at_agent.size()));
        finished.nonce = {random(), random()};
        return finished;
      };
      if (at_agent.empty() || (at_agent.size() < 4 && one_in(3))) {
        at_agent.push_back(run_of(job::JobId{next++}));
        it.send(at_agent.back());
      } else if (one_in(4) && at_agent.size() > 1) {
        it.send(wire::Cancel{at_agent.back().job});
        ASSERT_FALSE(it.hear(end_of(at_agent.back(), OutcomeKind::cancelled))) << "seed " << seed;
        at_agent.pop_back();
      } else if (!runs) {
        ASSERT_FALSE(it.hear(wire::Started{at_agent.front().job})) << "seed " << seed;
        runs = true;
      } else if (one_in(2)) {
        ASSERT_FALSE(it.hear(wire::Log{at_agent.front().job, "x"})) << "seed " << seed;
        ++logged;
        ASSERT_FALSE(it.hear(wire::Heartbeat{job::JobId{random()}})) << "seed " << seed;
      } else {
        wire::Finished finished = end_of(at_agent.front());
        finished.log_bytes = std::exchange(logged, 0);
        ASSERT_FALSE(it.hear(finished)) << "seed " << seed;
        at_agent.erase(at_agent.begin());
        runs = false;
      }
      const bool refused = at_agent.empty() || Conversation{it}.hear(forged()).has_value();
      ASSERT_TRUE(refused) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace nmz::coordinator
