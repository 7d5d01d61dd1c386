#include "task_slots.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace nmz::orchestrator {
namespace {

bool has_ended(const docker::Task& task) {
  constexpr std::array ends{"complete", "shutdown", "failed", "rejected", "remove", "orphaned"};
  return std::ranges::find(ends, task.state) != ends.end();
}

}  // namespace

bool has_the_slot(const docker::Task& task) { return task.desired_state == "running" && !has_ended(task); }

std::uint32_t count_slots_at_rest(const std::vector<docker::Task>& tasks) {
  struct Slot {
    bool complete = false;
    bool taken = false;
  };
  std::map<std::uint64_t, Slot> slots;
  for (const docker::Task& task : tasks) {
    Slot& slot = slots[task.slot];
    slot.complete = slot.complete || task.state == "complete";
    slot.taken = slot.taken || !has_ended(task);
  }
  const auto at_rest = [](const auto& slot) { return slot.second.complete && !slot.second.taken; };
  return static_cast<std::uint32_t>(std::ranges::count_if(slots, at_rest));
}

}  // namespace nmz::orchestrator
