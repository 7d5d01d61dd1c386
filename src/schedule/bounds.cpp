// Two formulas that others rely on: the published chunks, and the time no schedule can beat.
#include <algorithm>

#include "nmz/schedule/batch_plan.hpp"

namespace nmz::schedule {

ChunkBounds chunk_bounds(std::size_t size, std::size_t chunks, std::size_t index) {
  if (index >= chunks) return {size, size};
  // floor(rest / chunks left) is floor(size / chunks) until as many chunks are left as have to be larger by one.
  const std::size_t small = size / chunks;
  const std::size_t first_larger = chunks - size % chunks;
  const auto begin_of = [&](std::size_t i) { return i * small + (i > first_larger ? i - first_larger : 0); };
  return {begin_of(index), begin_of(index + 1)};
}

std::chrono::nanoseconds lower_bound(std::span<const std::chrono::nanoseconds> durations, std::size_t workers) {
  if (durations.empty()) return std::chrono::nanoseconds{0};
  // Divided before they are added: remembered durations may be any, and their sum more than can be told.
  const auto count = static_cast<std::chrono::nanoseconds::rep>(std::max<std::size_t>(workers, 1));
  std::chrono::nanoseconds share{0};
  std::chrono::nanoseconds rest{0};
  for (const std::chrono::nanoseconds duration : durations) {
    const std::chrono::nanoseconds room = std::chrono::nanoseconds::max() - share;
    share += std::min(std::max(duration, std::chrono::nanoseconds{0}) / count, room);
    rest += duration % count;
  }
  share += std::min(rest / count, std::chrono::nanoseconds::max() - share);
  return std::max(share, *std::max_element(durations.begin(), durations.end()));
}

}  // namespace nmz::schedule
