// What keeps pods from running, or has ended them, in words for the user. Pure.
//
// A cluster tries again and again what cannot work, such as an image that is nowhere. Each complaint is told once.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nmz/kubernetes/types.hpp"

#include "pod_table.hpp"

namespace nmz::orchestrator {

class PodTroubles {
 public:
  struct Complaint {
    Complaint() = default;
    std::string line;
    bool lasting = false;  ///< the user has to change something; a node that is missing may be added
  };

  /// Nothing: all is well with it, or it only takes its time. `taken`: it has been a worker.
  [[nodiscard]] static std::optional<Complaint> complaint_of(const kubernetes::Pod& pod, bool taken);

  /// The lines that are new.
  [[nodiscard]] std::vector<std::string> see(const PodTable& table);
  /// The last line of a pod that is none yet, told or not; empty when all is well.
  [[nodiscard]] const std::string& last() const { return last_; }
  [[nodiscard]] bool is_lasting() const { return lasting_; }

 private:
  std::set<std::string> told_;
  std::string last_;
  bool lasting_ = false;
};

}  // namespace nmz::orchestrator
