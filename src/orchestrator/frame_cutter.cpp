// See frame_cutter.hpp.
#include "frame_cutter.hpp"

#include <algorithm>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/relay.hpp"

namespace nmz::orchestrator {
namespace {

/// A smaller frame is hardly longer than the message that stands for it, and costs as much to look up.
constexpr std::size_t worth_keeping = 4096;

std::size_t payload_size(std::string_view header) {
  std::size_t size = 0;
  for (std::size_t i = 4; i > 0; --i) size = size << 8U | static_cast<unsigned char>(header[i - 1]);
  return size;
}

}  // namespace

std::vector<FrameCutter::Part> FrameCutter::cut(std::string_view bytes) {
  std::vector<Part> parts;
  std::size_t plain = 0;  // at the front of `bytes`, not yet in `parts`
  const auto flush = [&] {
    while (plain > 0) {
      const std::size_t size = std::min(plain, wire::max_piece);
      parts.push_back({bytes.substr(0, size), false});
      bytes.remove_prefix(size);
      plain -= size;
    }
  };
  while (plain < bytes.size()) {
    const std::string_view ahead = bytes.substr(plain);
    if (rest_ > 0) {
      const std::size_t size = std::min(rest_, ahead.size());
      rest_ -= size;
      plain += size;
      continue;
    }
    const std::size_t added = std::min(wire::header_size - header_.size(), ahead.size());
    const bool from_the_start = header_.empty();
    header_ += ahead.substr(0, added);
    if (header_.size() < wire::header_size) {
      plain += added;
      continue;
    }
    rest_ = payload_size(header_);
    header_.clear();
    const std::size_t frame = wire::header_size + rest_;
    if (from_the_start && frame >= worth_keeping && frame <= wire::max_piece && frame <= ahead.size()) {
      flush();
      parts.push_back({bytes.substr(0, frame), true});
      bytes.remove_prefix(frame);
      rest_ = 0;
    } else {
      plain += added;
    }
  }
  flush();
  return parts;
}

}  // namespace nmz::orchestrator
