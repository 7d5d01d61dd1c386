#include "nmz/job/log_cap.hpp"

#include <algorithm>
#include <limits>

namespace nmz::job {

LogCap::LogCap(std::uint64_t limit) {
  constexpr std::uint64_t longest_tail = std::uint64_t{4} << 20;
  const std::uint64_t ring = std::min(limit / 4, longest_tail);
  ring_size_ = static_cast<std::size_t>(ring);
  head_left_ = limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit - ring;
}

std::string_view LogCap::admit(std::string_view bytes) {
  written_ += bytes.size();
  const std::string_view now = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), head_left_));
  head_left_ -= now.size();
  bytes.remove_prefix(now.size());
  held_back_ += bytes.size();
  bytes.remove_prefix(bytes.size() - std::min(bytes.size(), ring_size_));
  const std::string_view grows = bytes.substr(0, ring_size_ - ring_.size());
  ring_ += grows;
  bytes.remove_prefix(grows.size());
  while (!bytes.empty()) {
    const std::string_view fits = bytes.substr(0, ring_size_ - next_);
    ring_.replace(next_, fits.size(), fits);
    next_ = (next_ + fits.size()) % ring_size_;
    bytes.remove_prefix(fits.size());
  }
  return now;
}

std::uint64_t LogCap::cut() const { return held_back_ - ring_.size(); }

std::string LogCap::tail() {
  std::string end;
  if (cut() > 0) {
    end = "\n[... " + std::to_string(cut()) + " bytes of the log are left out here ...]\n";
  }
  end.append(ring_, next_);
  end.append(ring_, 0, next_);
  return end;
}

}  // namespace nmz::job
