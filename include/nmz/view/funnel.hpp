// What may still be the first bad commit, as verdicts come: the arithmetic of a certain search, for drawing it.
//
// A commit that is bad leaves itself and its ancestors; one that is good takes these away. The plan knows more (rates,
// stages of a search that begins anew), but a drawing is made from the events alone. Where the plan says that more is
// left than these verdicts leave, it has begun anew, and so does this.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "nmz/events/event.hpp"

namespace nmz::view {

class Funnel {
 public:
  void read(const events::HistoryRead& history);

  /// The position of a commit in the history; size() where it has none.
  [[nodiscard]] std::size_t position(const std::string& commit) const;
  [[nodiscard]] std::size_t size() const { return history_.commits.size(); }
  [[nodiscard]] const events::HistoryCommit& at(std::size_t position) const { return history_.commits[position]; }

  /// `left`: of the plan, then.
  void take(const std::string& commit, events::Mark mark, std::size_t left);
  /// Ranges of positions [first, last] that are left, ascending.
  struct Stretch {
    std::size_t first = 0;
    std::size_t last = 0;
  };
  [[nodiscard]] std::vector<Stretch> left() const;
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] bool is_left(std::size_t position) const { return left_[position]; }

 private:
  void begin();
  void apply(std::size_t position, bool bad);

  events::HistoryRead history_;
  std::unordered_map<std::string, std::size_t> positions_;
  std::vector<bool> left_;
};

}  // namespace nmz::view
