// The workers of a simulated run, as the coordinator sees them: actions go in, events come out, both in virtual time.
//
// Each start of a worker's agent is an agent of its own. One that the dispatcher has given up may live on unseen (its
// node was cut off), finish its job and report it after its successor has begun: that is the case the rules about late
// results are for. What the coordinator must not tell (the end of a replaced agent's stream) is not told here either.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"

#include "conditions.hpp"
#include "random.hpp"
#include "timeline.hpp"
#include "workers.hpp"

namespace nmz::simulation {

class Fleet final : public Workers {
 public:
  Fleet(const Conditions& conditions, Labours labours, std::uint64_t seed);

  void carry_out(const dispatch::Action& action, Time now) override;
  [[nodiscard]] std::optional<Time> next() const override { return timeline_.next(); }
  std::vector<dispatch::Event> happen(Time now) override;

 private:
  struct AgentName {
    job::WorkerId worker{};
    std::size_t start = 0;  ///< 0 for the worker's first agent
  };
  struct Agent {
    bool alive = false;
    bool retired = false;
    job::JobId job{};  ///< none when 0
    std::deque<dispatch::Assign> queue;
    std::optional<std::uint64_t> port;  ///< that the job has
    bool disturbed = false;             ///< the job met another one that had its port
    Time silent_until{0};
    Time last_arrival{0};  ///< messages arrive in order, unless one is overtaken
  };
  struct Starts {
    AgentName agent;
  };
  struct FailsToStart {
    AgentName agent;
  };
  struct Beats {
    AgentName agent;
  };
  struct Dies {
    AgentName agent;
  };
  struct StartsAnew {
    AgentName agent;
    job::JobId job{};
  };
  struct FallsSilent {
    AgentName agent;
  };
  struct JobEnds {
    AgentName agent;
    job::JobId job{};
    job::Outcome outcome;
    std::chrono::nanoseconds took{0};
    bool then_dies = false;
  };
  struct TakesPort {
    AgentName agent;
    job::JobId job{};
    std::uint64_t port = 0;
  };
  struct HasPort {
    TakesPort what;
  };
  struct CancelArrives {
    AgentName agent;
    job::JobId job{};
    bool only_if_waiting = false;
  };
  struct Arrives {
    AgentName agent;
    dispatch::Event event;
  };
  struct AllDie {};
  struct UserInterrupts {};
  using Happening = std::variant<Starts, FailsToStart, Beats, Dies, StartsAnew, FallsSilent, JobEnds, TakesPort,
                                 HasPort, CancelArrives, Arrives, AllDie, UserInterrupts>;

  void carry_out_one(const dispatch::Assign& assign, Time now);
  void carry_out_one(const dispatch::Cancel& cancel, Time now);
  void carry_out_one(const dispatch::Start& fresh, Time now);
  void carry_out_one(const dispatch::Restart& restart, Time now);
  void carry_out_one(const dispatch::Retire& retire, Time now);
  void carry_out_one(const dispatch::Stop& stop, Time now);

  void happens(const Starts& what, Time when);
  void happens(const FailsToStart& what, Time when);
  void happens(const Beats& what, Time when);
  void happens(const Dies& what, Time when);
  void happens(const StartsAnew& what, Time when);
  void happens(const FallsSilent& what, Time when);
  void happens(const JobEnds& what, Time when);
  void happens(const TakesPort& what, Time when);
  void happens(const HasPort& what, Time when);
  void happens(const CancelArrives& what, Time when);
  void happens(const Arrives& what, Time when);
  void happens(const AllDie& what, Time when);
  void happens(const UserInterrupts& what, Time when);

  void start(job::WorkerId worker, Time now);
  void begin(const AgentName& name, const dispatch::Assign& assign, Time begin);
  void begin_next(const AgentName& name, Time now);
  void send(const AgentName& from, dispatch::Event event, Time now);
  [[nodiscard]] Time arrival(const AgentName& from, Time now);
  void send_stray(const AgentName& from, job::JobId after, Time now);
  [[nodiscard]] bool runs(const AgentName& agent, job::JobId job);
  [[nodiscard]] bool replaced(const AgentName& agent) const;
  [[nodiscard]] AgentName latest(job::WorkerId worker) const;
  Agent& agent(const AgentName& name);

  Conditions conditions_;
  Labours labours_;
  Random random_;
  Timeline<Happening> timeline_;
  std::vector<std::vector<Agent>> agents_;  ///< by worker, then by start
  std::vector<dispatch::Event> arrived_;
  bool doomed_ = false;   ///< no agent starts any more
  bool stopped_ = false;  ///< agents stop beating, so that the timeline ends
};

}  // namespace nmz::simulation
