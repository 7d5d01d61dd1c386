// Who is let in as a worker of a Swarm: the rules of the relay's doors and of the coordinator's keys together, against
// worlds of random events in which everything that a test can know is used against them.
//
// A world has tasks that end and are replaced, agents that call, relays that are started again, and a rogue who calls
// for any slot with any token and any task's name that a test has been able to read: those of tasks that the
// coordinator has spoken to. Messages between relay and coordinator, and what the Swarm answers, are late. The oracle
// is simple: the rogue is never let in, and once nothing goes wrong any more every task is.
#include "worker_keys.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

#include "door.hpp"
#include "support/swarm_place.hpp"

namespace nmz::orchestrator {
namespace {

using agent::Caller;
using agent::CallKeys;
using agent::Door;
using agent::Key;
using agent::key_of;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> tokens(std::uint32_t count) {
  std::vector<std::string> result;
  for (std::uint32_t slot = 1; slot <= count; ++slot) result.push_back(support::token_of(slot));
  return result;
}

docker::Task task(std::uint32_t slot, std::string id, std::string state = "running", std::string desired = "running") {
  docker::Task made;
  made.slot = slot;
  made.id = std::move(id);
  made.state = std::move(state);
  made.desired_state = std::move(desired);
  return made;
}

wire::CallRefused refusal(std::uint32_t slot) { return {slot, "10.0.0.9:40000"}; }

wire::ChannelOpened opening(std::uint32_t slot, const std::string& by) {
  return {wire::ChannelId{1}, "10.0.0.9:40000", slot, by, std::string(wire::token_size, 'n')};
}

// ---- the rules, one by one

TEST(WorkerKeysTest, TheSecretShowsEachTaskItsOwnTokenOnly) {
  const WorkerKeys keys{tokens(2)};
  EXPECT_EQ(keys.secret().value(),
            "{{.Task.ID}} {{if eq .Task.Slot \"1\"}}1 " + support::hexadecimal(support::token_of(1)) +
                "{{end}}{{if eq .Task.Slot \"2\"}}2 " + support::hexadecimal(support::token_of(2)) + "{{end}}");
  EXPECT_LT(WorkerKeys{tokens(4500)}.secret().value().size(), 500U * 1024U);
  const auto too_many = WorkerKeys{tokens(10'000)}.secret();
  ASSERT_FALSE(too_many);
  EXPECT_THAT(too_many.error().message, HasSubstr("10000 workers are too many for a Swarm"));
}

TEST(WorkerKeysTest, OnlyTheTaskThatHasTheSlotIsAdmittedAndOnlyUnlessItHasCalled) {
  struct Case {
    const char* name;
    std::vector<docker::Task> tasks;
    const char* admit;
  };
  const std::vector<Case> cases{
      {"the worker itself, or a test in its container", {task(1, "a")}, ""},
      {"after an ended one", {task(1, "a", "failed", "shutdown"), task(1, "b")}, "b"},
      {"of another slot", {task(1, "a", "failed", "shutdown"), task(2, "b")}, ""},
      {"not started yet", {task(1, "a", "failed", "shutdown"), task(1, "b", "assigned", "ready")}, ""},
      {"still starting as far as is known", {task(1, "a", "complete", "shutdown"), task(1, "b", "starting")}, "b"},
      {"ended as well", {task(1, "a", "failed", "shutdown"), task(1, "b", "failed")}, ""},
      {"on a node that is cut off", {task(1, "a", "running", "shutdown"), task(1, "b")}, "b"},
      {"none", {}, ""},
  };
  for (const auto& [name, tasks, admit] : cases) {
    WorkerKeys keys{tokens(2)};
    keys.opened(opening(1, "a"));
    const auto ruling = keys.judge(refusal(1), tasks);
    EXPECT_EQ(ruling.admit, admit) << name;
    EXPECT_EQ(ruling.notice.empty(), !ruling.admit.empty()) << name;
    keys.opened(opening(1, "b"));
    EXPECT_THAT(keys.judge(refusal(1), tasks).admit, IsEmpty()) << name;
  }
}

TEST(WorkerKeysTest, ATaskThatFailedBeforeItCalledLeavesNothingOver) {
  WorkerKeys keys{tokens(1)};
  const std::vector<docker::Task> tasks{task(1, "never called", "failed", "shutdown"), task(1, "worker")};
  keys.opened(opening(1, "worker"));
  EXPECT_THAT(keys.judge(refusal(1), tasks).admit, IsEmpty());
}

TEST(WorkerKeysTest, ARelayThatIsStartedAgainKnowsWhoWasReplaced) {
  const auto open = [](WorkerKeys& keys, char next) {
    keys.opened({wire::ChannelId{1}, "10.0.0.9:40000", 1, "a", std::string(wire::token_size, next)});
  };
  const auto who = [](const WorkerKeys& keys, char key) {
    const Key known = key_of(std::string(wire::token_size, key));
    const Door door{key_of(keys.tokens()[0]), keys.keys()[0]};
    return door.who(Caller{1, CallKeys{known, known}, Key{}}.opening());
  };
  WorkerKeys keys{tokens(1)};
  for (const char next : std::string{"abc"}) open(keys, next);
  EXPECT_EQ(who(keys, 'c'), Door::Caller::worker);
  EXPECT_EQ(who(keys, 'b'), Door::Caller::former);
  EXPECT_EQ(who(keys, 'a'), Door::Caller::former);
  EXPECT_EQ(who(keys, 'x'), Door::Caller::nobody);
  for (const char next : std::string{"defghijk"}) open(keys, next);
  EXPECT_EQ(who(keys, 'c'), Door::Caller::former);
  EXPECT_EQ(who(keys, 'b'), Door::Caller::nobody) << "so many are remembered";
  EXPECT_EQ(keys.keys()[0].size(), 9 * wire::token_size);
}

TEST(WorkerKeysTest, EachKindOfRefusalIsToldOnce) {
  WorkerKeys keys{tokens(2)};
  keys.opened(opening(1, "a"));
  keys.opened(opening(2, "b"));
  const std::vector<docker::Task> tasks{task(1, "a"), task(2, "b")};
  EXPECT_EQ(keys.judge(refusal(1), tasks).notice, "a second connection for worker 1 was refused (from 10.0.0.9)");
  EXPECT_THAT(keys.judge(refusal(1), tasks).notice, IsEmpty());
  EXPECT_THAT(keys.judge(refusal(2), tasks).notice, HasSubstr("worker 2"));
  EXPECT_THAT(keys.judge(refusal(0), tasks).notice, HasSubstr("without a worker's token was refused (from 10.0.0.9)"));
  EXPECT_THAT(keys.judge(refusal(0), tasks).notice, IsEmpty());
  EXPECT_THAT(keys.judge(refusal(77), tasks).notice, IsEmpty());
}

// ---- all of them together

constexpr std::uint32_t slots = 3;

class World {
 public:
  explicit World(unsigned seed) : random_{seed}, keys_{tokens(slots)} {
    start_relay();
    for (std::uint32_t slot = 1; slot <= slots; ++slot) start_task(slot);
  }

  void step() {
    const std::uint32_t slot = 1 + number(slots);
    switch (number(8)) {
      case 0:
        if (number(4) == 0) end_task(slot);
        break;
      case 1:
        if (number(8) == 0) start_relay();
        break;
      case 2:
      case 3:
        rogue_calls(slot);
        break;
      case 4:
        hear_at_coordinator();
        break;
      case 5:
        swarm_answers();
        break;
      default:
        agent_calls(*current_[slot]);
    }
  }

  /// Every message arrives, and every agent that is out calls, as often as one does in a second.
  void settle() {
    for (int round = 0; round < 6; ++round) {
      for (auto& [slot, agent] : current_) agent_calls(*agent);
      while (!to_coordinator_.empty()) hear_at_coordinator();
      swarm_answers();
    }
  }
  [[nodiscard]] bool is_in(std::uint32_t slot) const { return current_.at(slot)->in; }
  [[nodiscard]] bool rogue_was_let_in() const { return rogue_was_let_in_; }
  [[nodiscard]] std::size_t replaced() const { return names_ - slots; }

 private:
  struct Agent {
    std::uint32_t slot = 0;
    std::string task;
    CallKeys keys;
    std::optional<CallKeys> earlier;
    bool in = false;       ///< has a connection that the relay has let in
    bool greeted = false;  ///< the coordinator has spoken to it: its tests run, and can read its secret
  };
  using Said = std::variant<wire::ChannelOpened, wire::CallRefused>;

  std::uint32_t number(std::uint32_t below) {
    return std::uniform_int_distribution<std::uint32_t>{0, below - 1}(random_);
  }
  Key random_key() {
    Key key{};
    for (unsigned char& byte : key) byte = static_cast<unsigned char>(number(256));
    return key;
  }

  void start_task(std::uint32_t slot) {
    auto agent = std::make_shared<Agent>();
    agent->slot = slot;
    agent->task = "task " + std::to_string(++names_);
    agent->keys = agent::first_keys(key_of(support::token_of(slot)), agent->task);
    current_[slot] = agent;
    all_.push_back(agent);
    tasks_.push_back(task(slot, agent->task, number(2) == 0 ? "starting" : "running"));
  }
  void end_task(std::uint32_t slot) {
    for (docker::Task& known : tasks_) {
      if (known.slot == slot) known = task(slot, known.id, "failed", "shutdown");
    }
    start_task(slot);
  }
  /// The one before is gone with what it had not told.
  void start_relay() {
    to_coordinator_.clear();
    doors_.clear();
    for (std::uint32_t i = 0; i < slots; ++i) doors_.emplace_back(key_of(keys_.tokens()[i]), keys_.keys()[i]);
    for (const auto& agent : all_) agent->in = false;
  }

  /// The next key, when it was let in.
  std::optional<Key> call(std::uint32_t slot, const std::string& name, const CallKeys& keys) {
    const Caller caller{slot, keys, random_key()};
    Door& door = doors_[slot - 1];
    switch (door.who(caller.opening())) {
      case Door::Caller::former:
        return std::nullopt;
      case Door::Caller::nobody:
        to_coordinator_.emplace_back(refusal(0));
        return std::nullopt;
      case Door::Caller::spent:
        to_coordinator_.emplace_back(refusal(slot));
        return std::nullopt;
      case Door::Caller::worker:
        break;
    }
    const agent::Answer answer = agent::answer(caller.opening(), door.key(), random_key());
    const auto session = caller.finish(answer.reply);
    if (!session) throw std::logic_error{"let in, and does not know it"};
    door.let_in(name, session->next);
    wire::ChannelOpened opened = opening(slot, name);
    opened.next_key.assign(session->next.begin(), session->next.end());
    to_coordinator_.emplace_back(opened);
    return session->next;
  }
  void agent_calls(Agent& agent) {
    if (agent.in) return;
    const std::optional<Key> next = call(agent.slot, agent.task, agent.keys);
    if (next) {
      agent.earlier = std::exchange(agent.keys, CallKeys{*next, *next});
      agent.in = true;
    } else if (agent.earlier) {
      std::swap(agent.keys, *agent.earlier);
    }
  }
  void rogue_calls(std::uint32_t slot) {
    std::vector<std::string> names{"a guess"};
    for (const auto& agent : all_) {
      if (agent->greeted && agent->slot == slot) names.push_back(agent->task);
    }
    const bool knows_token = names.size() > 1;
    const Key token = knows_token ? key_of(support::token_of(slot)) : random_key();
    const std::string name = names[number(static_cast<std::uint32_t>(names.size()))];
    if (call(slot, name, agent::first_keys(token, name))) rogue_was_let_in_ = true;
  }

  void hear_at_coordinator() {
    if (to_coordinator_.empty()) return;
    const Said said = to_coordinator_.front();
    to_coordinator_.pop_front();
    if (const auto* opened = std::get_if<wire::ChannelOpened>(&said)) {
      keys_.opened(*opened);
      for (const auto& agent : all_) {
        if (agent->task == opened->task && agent->in) {
          agent->greeted = true;
          agent->earlier.reset();
        }
      }
    } else {
      // The Swarm is asked now and answers later.
      asked_.push_back({std::get<wire::CallRefused>(said), tasks_});
    }
  }
  void swarm_answers() {
    for (const auto& [refused, tasks] : std::exchange(asked_, {})) {
      const auto ruling = keys_.judge(refused, tasks);
      if (!ruling.admit.empty()) doors_[refused.slot - 1].admit(ruling.admit);
    }
  }

  struct Question {
    wire::CallRefused refused;
    std::vector<docker::Task> tasks;
  };
  std::mt19937 random_;
  WorkerKeys keys_;
  std::vector<Door> doors_;
  std::map<std::uint32_t, std::shared_ptr<Agent>> current_;
  std::vector<std::shared_ptr<Agent>> all_;
  std::vector<docker::Task> tasks_;
  std::deque<Said> to_coordinator_;
  std::vector<Question> asked_;
  std::size_t names_ = 0;
  bool rogue_was_let_in_ = false;
};

TEST(WorkerKeysTest, NobodyIsLetInWhoseTaskItIsNotAndEveryTaskIsInTheEnd) {
  std::size_t replaced = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    World world{seed};
    for (int step = 0; step < 120; ++step) {
      world.step();
      ASSERT_FALSE(world.rogue_was_let_in()) << "seed " << seed << ", step " << step;
    }
    world.settle();
    for (std::uint32_t slot = 1; slot <= slots; ++slot) ASSERT_TRUE(world.is_in(slot)) << "seed " << seed;
    replaced += world.replaced();
  }
  EXPECT_GT(replaced, 300U);
}

}  // namespace
}  // namespace nmz::orchestrator
