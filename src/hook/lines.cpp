#include "nmz/hook/lines.hpp"

#include <algorithm>
#include <optional>

#include <fnmatch.h>

namespace nmz::hook {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

/// Nothing: it is no id. Empty: the id that means nothing.
std::optional<std::string> id_of(const std::string& word) {
  constexpr std::size_t sha1_digits = 40;
  constexpr std::size_t sha256_digits = 64;
  const bool has_length = word.size() == sha1_digits || word.size() == sha256_digits;
  if (!has_length || word.find_first_not_of("0123456789abcdef") != std::string::npos) return std::nullopt;
  return word.find_first_not_of('0') == std::string::npos ? std::string{} : word;
}

template <class Read>
std::vector<Move> read_lines(std::string_view input, std::size_t words, Read read) {
  std::vector<Move> moves;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    const std::vector<std::string> found = words_of(line);
    if (found.size() < words) continue;
    if (std::optional<Move> move = read(found)) moves.push_back(std::move(*move));
  }
  return moves;
}

std::optional<Move> move_of(const std::string& ref, const std::string& from, const std::string& to) {
  std::optional<std::string> before = id_of(from);
  std::optional<std::string> after = id_of(to);
  if (!before || !after) return std::nullopt;
  Move move;
  move.ref = ref;
  move.from = std::move(*before);
  move.to = std::move(*after);
  return move;
}

void add_once(std::vector<std::string>& all, const std::string& one) {
  if (!one.empty() && std::ranges::find(all, one) == all.end()) all.push_back(one);
}

}  // namespace

// The local side may be any revision, and have blanks in it ("HEAD@{2 days ago}"): the last three words are certain.
std::vector<Move> read_pre_push(std::string_view input) {
  return read_lines(input, 4, [](const std::vector<std::string>& words) {
    const std::size_t last = words.size() - 1;
    std::optional<Move> move = move_of(words[last - 1], words[last], words[last - 2]);
    if (move) move->local = words.front();
    return move;
  });
}

std::vector<Move> read_post_receive(std::string_view input) {
  return read_lines(input, 3,
                    [](const std::vector<std::string>& words) { return move_of(words[2], words[0], words[1]); });
}

bool is_wanted(const std::string& ref, const std::vector<std::string>& globs) {
  bool wanted = false;
  for (const std::string& glob : globs) {
    const bool out = glob.starts_with('!');
    if (::fnmatch(glob.c_str() + (out ? 1 : 0), ref.c_str(), 0) == 0) wanted = !out;
  }
  return wanted;
}

std::vector<Check> choose(const std::vector<Move>& moves, const std::vector<std::string>& globs) {
  std::vector<Check> checks;
  for (const Move& move : moves) {
    if (move.to.empty() || move.to == move.from || !is_wanted(move.ref, globs)) continue;
    auto same = std::ranges::find(checks, move.to, &Check::object);
    if (same == checks.end()) {
      checks.emplace_back().object = move.to;
      same = std::prev(checks.end());
    }
    add_once(same->refs, move.ref);
    add_once(same->before, move.from);
  }
  return checks;
}

std::string short_name(const std::string& ref) {
  for (const std::string_view beginning : {"refs/heads/", "refs/tags/", "refs/"}) {
    if (ref.starts_with(beginning)) return ref.substr(beginning.size());
  }
  return ref;
}

}  // namespace nmz::hook
