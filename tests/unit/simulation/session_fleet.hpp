// Workers whose agents speak: what they say goes through the coordinator's own rules before the dispatcher hears of it.
//
// Each start of a worker is an agent, a session (session_model.hpp) and a stream between them that keeps the order of
// what was said, both ways. Agents are honest and keep to the protocol, though they die, hang, fall silent, come back,
// or have no verdict. Into some of their streams somebody else writes (intruder.hpp), who knows no nonce.
//
// The fleet knows what each honest agent really said, so it can tell (as RuleBroken) when
// - a job has an end that its agent did not give,
// - a worker is ended for its words though nobody but an honest agent spoke, or with other than one short line,
// - something that nobody may say is heard and the worker goes on,
// - a worker whose frames are swallowed counts as alive.
// That its jobs then are given to others, in time, is the referee's to see; that the answer is right, the run's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conditions.hpp"
#include "intruder.hpp"
#include "random.hpp"
#include "session_model.hpp"
#include "timeline.hpp"
#include "workers.hpp"

namespace nmz::simulation {

class SessionFleet final : public Workers {
 public:
  SessionFleet(const Conditions& conditions, Labours labours, std::uint64_t seed);

  void carry_out(const dispatch::Action& action, Time now) override;
  [[nodiscard]] std::optional<Time> next() const override { return timeline_.next(); }
  std::vector<dispatch::Event> happen(Time now) override;
  [[nodiscard]] std::size_t refused() const override { return refused_; }

 private:
  struct Agent {
    Agent(job::WorkerId worker_in, bool has_trees, std::uint64_t seed)
        : worker(worker_in), session(worker_in, has_trees, seed) {}
    job::WorkerId worker;
    // The coordinator's end.
    SessionModel session;
    bool is_heard = true;    ///< its session has not ended
    bool retired = false;    ///< its end is not told
    bool intruded = false;   ///< somebody else's words have reached the session
    bool swallowed = false;  ///< nothing is heard any more
    bool garbled = false;    ///< what is heard need not be what was said
    bool goes_on = false;    ///< the rest of its tree is planned
    // The agent's end.
    bool alive = false;
    bool has_tree = false;
    std::vector<std::string> files;  ///< in its tree
    wire::Decoder decoder;
    std::deque<wire::Run> jobs;  ///< the first one runs
    std::uint32_t begun = 0;     ///< jobs so far: what was planned for an earlier one is void
    std::uint64_t logged = 0;    ///< by the one that runs
    Overheard overheard;
    std::map<job::JobId, job::Outcome> ends;  ///< that it really said
    // The stream.
    Time silent_until{0};
    Time last_at_coordinator{0};
    Time last_at_agent{0};
  };
  using AgentPtr = std::shared_ptr<Agent>;

  struct Starts {
    AgentPtr agent;
  };
  struct FailsToStart {
    AgentPtr agent;
  };
  struct Beats {
    AgentPtr agent;
  };
  struct Dies {
    AgentPtr agent;
  };
  struct FallsSilent {
    AgentPtr agent;
  };
  struct TestBegins {  ///< after its build
    AgentPtr agent;
    std::uint32_t begun;
  };
  struct TestEnds {
    AgentPtr agent;
    std::uint32_t begun;
    job::Outcome outcome;
    std::chrono::nanoseconds took;
    bool then_dies;
  };
  struct Intrudes {
    AgentPtr agent;
  };
  struct AgentHears {
    AgentPtr agent;
    std::string bytes;
  };
  struct SessionHears {
    AgentPtr agent;
    std::string bytes;
    std::optional<Intrusion::Kind> intrusion;
  };
  struct StreamEnds {  ///< at the coordinator
    AgentPtr agent;
  };
  struct TreeGoesOn {
    AgentPtr agent;
  };
  struct WelcomeIsDue {
    AgentPtr agent;
  };
  struct AllDie {};
  struct UserInterrupts {};
  using Happening =
      std::variant<Starts, FailsToStart, Beats, Dies, FallsSilent, TestBegins, TestEnds, Intrudes, AgentHears,
                   SessionHears, StreamEnds, TreeGoesOn, WelcomeIsDue, AllDie, UserInterrupts>;

  void carry_out_one(const dispatch::Assign& assign, Time now);
  void carry_out_one(const dispatch::Cancel& cancel, Time now);
  void carry_out_one(const dispatch::Start& fresh, Time now);
  void carry_out_one(const dispatch::Restart& restart, Time now) { start(restart.worker, now); }
  void carry_out_one(const dispatch::Retire& retire, Time now);
  void carry_out_one(const dispatch::Stop& stop, Time now);

  void happens(const Starts& what, Time when);
  void happens(const FailsToStart& what, Time when);
  void happens(const Beats& what, Time when);
  void happens(const Dies& what, Time when);
  void happens(const FallsSilent& what, Time when);
  void happens(const TestBegins& what, Time when);
  void happens(const TestEnds& what, Time when);
  void happens(const Intrudes& what, Time when);
  void happens(const AgentHears& what, Time when);
  void happens(const SessionHears& what, Time when);
  void happens(const StreamEnds& what, Time when);
  void happens(const TreeGoesOn& what, Time when);
  void happens(const WelcomeIsDue& what, Time when);
  void happens(const AllDie& what, Time when);
  void happens(const UserInterrupts& what, Time when);

  // The coordinator's end.
  void start(job::WorkerId worker, Time now);
  void take_from_session(const AgentPtr& agent, std::chrono::nanoseconds delay, Time now);
  void judge_event(const Agent& agent, const dispatch::Event& event) const;
  void end_session(const AgentPtr& agent, std::string reason, Time now);

  // The agent's end.
  void hear(const AgentPtr& agent, const wire::Run& run, Time now);
  void hear(const AgentPtr& agent, const wire::Cancel& cancel, Time now);
  void hear(const AgentPtr& agent, const wire::Hello& hello, Time now);
  void hear(const AgentPtr& agent, const wire::TreeBegin& begin, Time now);
  void hear(const AgentPtr& agent, const wire::TreeFile& file, Time now);
  void hear(const AgentPtr& agent, const wire::TreeEnd& end, Time now);
  void hear(const AgentPtr& agent, const wire::Shutdown& shutdown, Time now);
  void begin_next(const AgentPtr& agent, Time now);
  void end_first(const AgentPtr& agent, const job::Outcome& outcome, std::chrono::nanoseconds took, Time now);
  void say_log(const AgentPtr& agent, std::size_t size, Time now);
  void say_end(const AgentPtr& agent, const wire::Run& run, wire::Finished finished, Time now);
  void say(const AgentPtr& agent, const wire::Message& message, Time now);
  void say(const AgentPtr& agent, std::string bytes, std::optional<Intrusion::Kind> intrusion, Time now);
  [[nodiscard]] Time arrival(Agent& agent, Time now);

  AgentPtr& latest(job::WorkerId worker) { return agents_.at(static_cast<std::size_t>(worker)); }

  Conditions conditions_;
  bool has_trees_;
  Labours labours_;
  Random random_;
  Timeline<Happening> timeline_;
  std::vector<AgentPtr> agents_;  ///< of each worker the latest
  std::map<job::JobId, dispatch::Assign> assigned_;
  std::vector<dispatch::Event> told_;
  std::size_t refused_ = 0;
  bool doomed_ = false;   ///< no agent starts any more
  bool stopped_ = false;  ///< agents stop beating, so that the timeline ends
};

}  // namespace nmz::simulation
