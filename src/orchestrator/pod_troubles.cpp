#include "pod_troubles.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace nmz::orchestrator {
namespace {

// The kubelet's reasons for a container that waits and will go on waiting; "ContainerCreating" and "PodInitializing"
// are how each begins.
constexpr std::array lasting_reasons{
    "ErrImagePull",      "ImagePullBackOff",    "InvalidImageName",           "ErrImageNeverPull",
    "ImageInspectError", "RegistryUnavailable", "CreateContainerConfigError", "CreateContainerError",
    "RunContainerError"};

bool is_lasting_reason(std::string_view reason) {
  return std::find(lasting_reasons.begin(), lasting_reasons.end(), reason) != lasting_reasons.end();
}

}  // namespace

std::optional<PodTroubles::Complaint> PodTroubles::complaint_of(const kubernetes::Pod& pod, bool taken) {
  const std::string where = pod.node.empty() ? "" : " on " + pod.node;
  Complaint complaint;
  if (pod.phase == "Failed") {
    // The agent's own status says nothing to a user: its connection was lost, which has been told.
    const bool own = pod.ended.empty() || pod.ended.starts_with("exit status ");
    if (own && taken) return std::nullopt;
    complaint.line = "a worker's pod ended" + where + ": " + (pod.ended.empty() ? "it does not say why" : pod.ended);
    complaint.lasting = !taken;
    return complaint;
  }
  if (is_lasting_reason(pod.waiting)) {
    complaint.line = "a worker cannot start" + where + ": " + pod.waiting;
    if (!pod.waiting_message.empty()) complaint.line += ": " + pod.waiting_message;
    complaint.lasting = true;
    return complaint;
  }
  if (pod.phase == "Pending" && !pod.unscheduled.empty()) {
    complaint.line = "a worker waits for a node: " + pod.unscheduled;
    return complaint;
  }
  return std::nullopt;
}

std::vector<std::string> PodTroubles::see(const PodTable& table) {
  std::vector<std::string> lines;
  last_.clear();
  lasting_ = false;
  for (const kubernetes::Pod& pod : table.pods()) {
    const bool taken = table.is_taken(pod.object.uid);
    const auto complaint = complaint_of(pod, taken);
    if (!complaint) continue;
    if (!taken) {
      last_ = complaint->line;
      lasting_ = complaint->lasting;
    }
    if (told_.insert(complaint->line).second) lines.push_back(complaint->line);
  }
  return lines;
}

}  // namespace nmz::orchestrator
