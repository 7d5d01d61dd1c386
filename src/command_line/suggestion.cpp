#include "nmz/command_line/suggestion.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "defaults.hpp"

namespace nmz::command_line {
namespace {

/// How many letters differ, are missing, or are too many; two that have changed places count once.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> before(other.size() + 1);
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::vector<std::size_t> next(other.size() + 1, i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      next[j + 1] = std::min({row[j] + (one[i] == other[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1});
      const bool swapped = i > 0 && j > 0 && one[i] == other[j - 1] && one[i - 1] == other[j];
      if (swapped) next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    before = std::exchange(row, std::move(next));
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view written, const std::vector<std::string>& known) {
  constexpr std::size_t too_different = 3;
  std::string best;
  std::size_t best_score = too_different;
  for (const std::string& word : known) {
    const bool begins_so = word.starts_with(written);
    const std::size_t score = begins_so ? 0 : distance(written, word);
    if (score >= std::max(written.size(), word.size())) continue;  // no letter is the same
    const bool shorter = begins_so && best_score == 0 && word.size() < best.size();
    if (score < best_score || shorter) {
      best = word;
      best_score = score;
    }
  }
  return best;
}

bool is_key_of(std::string_view written, const std::vector<std::string>& known) {
  return std::ranges::any_of(known, [&](const std::string& one) { return folded(one) == folded(written); });
}

}  // namespace nmz::command_line
