#include "pod_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nmz::orchestrator {
namespace {

auto with_uid(const std::string& uid) {
  return [&uid](const kubernetes::Pod& pod) { return pod.object.uid == uid; };
}

}  // namespace

/// Those that were known keep their order.
void PodTable::replace(std::vector<kubernetes::Pod> pods) {
  std::vector<kubernetes::Pod> kept;
  for (const kubernetes::Pod& known : pods_) {
    const auto found = std::find_if(pods.begin(), pods.end(), with_uid(known.object.uid));
    if (found == pods.end()) continue;
    kept.push_back(std::move(*found));
    pods.erase(found);
  }
  std::move(pods.begin(), pods.end(), std::back_inserter(kept));
  pods_ = std::move(kept);
}

void PodTable::see(const kubernetes::PodChange& change) {
  using Kind = kubernetes::PodChange::Kind;
  if (change.kind == Kind::bookmark) return;
  const auto known = std::find_if(pods_.begin(), pods_.end(), with_uid(change.pod.object.uid));
  if (change.kind == Kind::deleted) {
    if (known != pods_.end()) pods_.erase(known);
  } else if (known != pods_.end()) {
    *known = change.pod;
  } else {
    pods_.push_back(change.pod);
  }
}

const kubernetes::Pod* PodTable::newest(std::int64_t index) const {
  const auto found =
      std::find_if(pods_.rbegin(), pods_.rend(), [index](const kubernetes::Pod& pod) { return pod.index == index; });
  return found == pods_.rend() ? nullptr : &*found;
}

bool PodTable::is_usable(const kubernetes::Pod& pod) const {
  return pod.running && !pod.is_over() && !pod.object.deleting && !is_taken(pod.object.uid);
}

PodTable::Place PodTable::place(std::int64_t index) const {
  const kubernetes::Pod* const pod = newest(index);
  if (pod == nullptr) return Place::empty;
  if (pod->phase == "Succeeded") return Place::closed;
  return is_usable(*pod) ? Place::ready : Place::empty;
}

const kubernetes::Pod* PodTable::ready_anywhere(const std::set<std::string>& spoken_for) const {
  const auto found = std::find_if(pods_.begin(), pods_.end(), [&](const kubernetes::Pod& pod) {
    return is_usable(pod) && !spoken_for.contains(pod.object.uid);
  });
  return found == pods_.end() ? nullptr : &*found;
}

bool PodTable::is_used_up(std::uint32_t pods) const {
  std::uint32_t used = 0;
  for (const kubernetes::Pod& pod : pods_) {
    const bool works =
        is_taken(pod.object.uid) && !let_go_.contains(pod.object.uid) && !pod.is_over() && !pod.object.deleting;
    if (pod.phase == "Succeeded" || works) ++used;
  }
  return used >= pods;
}

const kubernetes::Pod* PodTable::ready(std::int64_t index) const {
  return place(index) == Place::ready ? newest(index) : nullptr;
}

const kubernetes::Pod* PodTable::find(const std::string& uid) const {
  const auto found = std::find_if(pods_.begin(), pods_.end(), with_uid(uid));
  return found == pods_.end() ? nullptr : &*found;
}

}  // namespace nmz::orchestrator
