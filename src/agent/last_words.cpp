// See last_words.hpp.
#include "last_words.hpp"

#include <algorithm>

namespace nmz::agent {
namespace {

constexpr std::size_t kept = std::size_t{8} << 10;

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte; }

}  // namespace

void LastWords::feed(std::string_view bytes) {
  bytes = bytes.substr(bytes.size() - std::min(bytes.size(), kept));
  if (words_.size() + bytes.size() > 2 * kept) {
    words_.erase(0, words_.size() - std::min(words_.size(), kept));
  }
  words_ += bytes;
}

bool LastWords::has_line_with(std::initializer_list<std::string_view> first,
                              std::initializer_list<std::string_view> second) const {
  std::string text = words_;
  std::ranges::transform(text, text.begin(), lower);
  std::string_view line;
  const auto is_in_line = [&line](std::string_view word) { return line.find(word) != std::string_view::npos; };
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(line.size() + 1, rest.size()))) {
    line = rest.substr(0, rest.find('\n'));
    if (std::ranges::any_of(first, is_in_line) && std::ranges::any_of(second, is_in_line)) {
      return true;
    }
  }
  return false;
}

}  // namespace nmz::agent
