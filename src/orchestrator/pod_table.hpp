// What is known of a Job's pods, from lists and watches. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nmz/kubernetes/types.hpp"

namespace nmz::orchestrator {

class PodTable {
 public:
  /// What a place has at the moment.
  enum class Place : std::uint8_t {
    empty,   ///< no pod that could become its worker yet; there will be one
    ready,   ///< one that can be attached to
    closed,  ///< its last pod has succeeded, and there will not be another
  };

  void replace(std::vector<kubernetes::Pod> pods);
  void see(const kubernetes::PodChange& change);

  /// Of two pods of a place the newer one counts. One that has been taken is a worker's already, or was.
  [[nodiscard]] Place place(std::int64_t index) const;
  /// The pod of a place that is ready.
  [[nodiscard]] const kubernetes::Pod* ready(std::int64_t index) const;
  /// Of a Job without indices (before 1.24): any pod that is ready and not in `spoken_for`; the one known longest.
  [[nodiscard]] const kubernetes::Pod* ready_anywhere(const std::set<std::string>& spoken_for) const;
  /// Whether that Job, of so many pods, makes another where none is ready: each pod that has succeeded leaves one less.
  [[nodiscard]] bool is_used_up(std::uint32_t pods) const;
  void take(const std::string& uid) { taken_.insert(uid); }
  /// Its worker is lost, or done with it: whatever it says of itself, it works no more.
  void let_go(const std::string& uid) { let_go_.insert(uid); }
  [[nodiscard]] bool is_taken(const std::string& uid) const { return taken_.contains(uid); }
  /// Nothing: it is gone.
  [[nodiscard]] const kubernetes::Pod* find(const std::string& uid) const;
  [[nodiscard]] const std::vector<kubernetes::Pod>& pods() const { return pods_; }

 private:
  [[nodiscard]] bool is_usable(const kubernetes::Pod& pod) const;
  [[nodiscard]] const kubernetes::Pod* newest(std::int64_t index) const;

  std::vector<kubernetes::Pod> pods_;  ///< in the order in which they came to be known
  std::set<std::string> taken_;        ///< by uid
  std::set<std::string> let_go_;       ///< of these
};

}  // namespace nmz::orchestrator
