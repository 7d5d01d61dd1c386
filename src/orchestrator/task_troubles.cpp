#include "task_troubles.hpp"

namespace nmz::orchestrator {

TaskTroubles::Complaints TaskTroubles::complaints_of(const std::vector<docker::Task>& tasks) {
  Complaints complaints;
  for (const docker::Task& task : tasks) {
    const bool pending = task.state == "pending" && task.desired_state == "running";
    // A task that only waits for its turn has a message, and no error.
    if (task.error.empty()) continue;
    if (pending || task.state == "rejected" || task.state == "failed") complaints.emplace(task.node, task.error);
  }
  return complaints;
}

std::vector<std::string> TaskTroubles::see(const Complaints& complaints, const std::vector<docker::Node>& nodes) {
  std::vector<std::string> lines;
  for (const auto& [id, error] : complaints) {
    std::string where;
    for (const docker::Node& node : nodes) {
      if (node.id == id) where = " on " + node.hostname;
    }
    last_ = "a worker cannot start";
    last_.append(where).append(": ").append(error);
    if (error.starts_with("No such image")) {
      last_ += " (it is not there and cannot be pulled: --target and --push bring it to all nodes)";
    }
    if (told_.insert(last_).second) lines.push_back(last_);
  }
  return lines;
}

}  // namespace nmz::orchestrator
