// The user of a simulated run, who cancels jobs, skips subjects, has them run again and changes the number of workers
// at random moments.
//
// The wishes are about what the user has seen, and now and then about what there is not, or is over. They are put
// before or behind what the workers tell in the same step.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "conditions.hpp"
#include "random.hpp"
#include "timeline.hpp"
#include "workers.hpp"

namespace nmz::simulation {

class UserBeside final : public Workers {
 public:
  UserBeside(std::unique_ptr<Workers> workers, const Conditions& conditions, std::uint64_t seed);

  void carry_out(const dispatch::Action& action, Time now) override;
  [[nodiscard]] std::optional<Time> next() const override;
  std::vector<dispatch::Event> happen(Time now) override;
  [[nodiscard]] std::size_t refused() const override { return workers_->refused(); }

 private:
  struct Wishes {};
  dispatch::Event wish();

  std::unique_ptr<Workers> workers_;
  Random random_;
  Timeline<Wishes> timeline_;
  std::vector<dispatch::Assign> seen_;
};

}  // namespace nmz::simulation
