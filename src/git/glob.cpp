// See glob.hpp.
#include "glob.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

namespace nmz::git {

namespace {

std::uint8_t byte_of(char character) { return static_cast<std::uint8_t>(character); }

std::bitset<256> only(char character) {
  std::bitset<256> set;
  set.set(byte_of(character));
  return set;
}

std::bitset<256> anything_but_slash() { return ~only('/'); }

using Predicate = int (*)(int);

Predicate class_named(std::string_view name) {
  struct Named {
    std::string_view name;
    Predicate test;
  };
  static constexpr Named classes[] = {{"alnum", std::isalnum}, {"alpha", std::isalpha}, {"blank", std::isblank},
                                      {"cntrl", std::iscntrl}, {"digit", std::isdigit}, {"graph", std::isgraph},
                                      {"lower", std::islower}, {"print", std::isprint}, {"punct", std::ispunct},
                                      {"space", std::isspace}, {"upper", std::isupper}, {"xdigit", std::isxdigit}};
  for (const Named& known : classes) {
    if (known.name == name) {
      return known.test;
    }
  }
  return nullptr;
}

/// A bracket expression, read from behind its '['.
class Bracket {
 public:
  explicit Bracket(std::string_view pattern, std::size_t at) : pattern_{pattern}, at_{at} {}

  /// Nothing when it is malformed.
  std::optional<std::bitset<256>> parse() {
    const bool negated = at_ < pattern_.size() && (pattern_[at_] == '!' || pattern_[at_] == '^');
    at_ += negated ? 1 : 0;
    for (bool first = true; at_ < pattern_.size(); first = false) {
      if (pattern_[at_] == ']' && !first) {
        ++at_;
        return negated ? ~set_ : set_;
      }
      if (!member()) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }
  /// Behind the ']'.
  [[nodiscard]] std::size_t end() const { return at_; }

 private:
  bool member() {
    if (pattern_.substr(at_).starts_with("[:")) {
      const std::size_t close = pattern_.find(":]", at_ + 2);
      const Predicate test =
          close == std::string_view::npos ? nullptr : class_named(pattern_.substr(at_ + 2, close - at_ - 2));
      if (test == nullptr) {
        return false;
      }
      for (int value = 0; value < 128; ++value) {
        set_[static_cast<std::size_t>(value)] = set_[static_cast<std::size_t>(value)] || test(value) != 0;
      }
      at_ = close + 2;
      return true;
    }
    const std::optional<std::uint8_t> low = literal();
    if (!low) {
      return false;
    }
    std::uint8_t high = *low;
    if (at_ + 1 < pattern_.size() && pattern_[at_] == '-' && pattern_[at_ + 1] != ']') {
      ++at_;
      const std::optional<std::uint8_t> end = literal();
      if (!end) {
        return false;
      }
      high = *end;
    }
    for (unsigned value = *low; value <= high; ++value) {
      set_.set(value);
    }
    return true;
  }

  std::optional<std::uint8_t> literal() {
    if (pattern_[at_] == '\\') {
      ++at_;
    }
    return at_ < pattern_.size() ? std::optional{byte_of(pattern_[at_++])} : std::nullopt;
  }

  std::string_view pattern_;
  std::size_t at_;
  std::bitset<256> set_;
};

char lower(char character) { return static_cast<char>(std::tolower(byte_of(character))); }

}  // namespace

Glob::Glob(std::string_view pattern, Scope scope, bool ignore_case) : ignore_case_{ignore_case} {
  compile(pattern, scope);
  measure();
}

void Glob::measure() {
  const auto may_repeat = [](const Step& step) { return step.kind != Step::Kind::one; };
  const auto first = std::ranges::find_if(steps_, may_repeat);
  head_ = static_cast<std::size_t>(first - steps_.begin());
  gaps_ = static_cast<std::size_t>(std::ranges::count_if(steps_, may_repeat));
  const auto last = std::find_if(steps_.rbegin(), steps_.rend(), may_repeat);
  tail_ = gaps_ == 0 ? 0 : static_cast<std::size_t>(last - steps_.rbegin());
}

void Glob::compile(std::string_view pattern, Scope scope) {
  for (std::size_t at = 0; at < pattern.size();) {
    const char character = pattern[at++];
    if (character == '*') {
      at = add_stars(pattern, at - 1, scope);
    } else if (character == '?') {
      add_one(scope == Scope::path ? anything_but_slash() : ~std::bitset<256>{});
    } else if (character == '[') {
      Bracket bracket{pattern, at};
      const std::optional<std::bitset<256>> set = bracket.parse();
      if (!set) {
        impossible_ = true;
        return;
      }
      add_one(scope == Scope::path ? *set & anything_but_slash() : *set);
      at = bracket.end();
    } else if (character == '\\' && at == pattern.size()) {
      impossible_ = true;
    } else {
      add_one(only(character == '\\' ? pattern[at++] : character));
    }
  }
}

void Glob::add_one(std::bitset<256> bytes) {
  if (ignore_case_) {
    for (char character = 'a'; character <= 'z'; ++character) {
      const bool either = bytes[byte_of(character)] || bytes[static_cast<std::size_t>(std::toupper(character))];
      bytes[byte_of(character)] = either;
    }
  }
  steps_.push_back({Step::Kind::one, bytes});
}

/// Reads the stars at `at`; returns what comes behind them (and behind the slash of "**/").
std::size_t Glob::add_stars(std::string_view pattern, std::size_t at, Scope scope) {
  const std::size_t end = std::min(pattern.find_first_not_of('*', at), pattern.size());
  // git compares what comes before the first special character by itself and hands the rest to its matcher, which then
  // takes stars in the middle of a name for the beginning of one.
  const bool begins_part = at == 0 || pattern[at - 1] == '/' || at == pattern.find_first_of("*?[\\");
  const bool ends_part = end == pattern.size() || pattern[end] == '/';
  const bool whole_part = end - at >= 2 && begins_part && ends_part;
  if (scope == Scope::path && !whole_part) {
    steps_.push_back({Step::Kind::run, {}});
  } else if (scope == Scope::path && end < pattern.size()) {
    steps_.push_back({Step::Kind::directories, {}});
    return end + 1;
  } else {
    steps_.push_back({Step::Kind::everything, {}});
  }
  return end;
}

/// A step that may match nothing passes its activity on.
void Glob::activate(std::vector<bool>& active, std::size_t step) const {
  for (active[step] = true; step < steps_.size() && steps_[step].kind != Step::Kind::one; ++step) {
    active[step + 1] = true;
  }
}

bool Glob::is_at(std::size_t first_step, std::string_view text) const {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = ignore_case_ ? lower(text[i]) : text[i];
    if (!steps_[first_step + i].bytes[byte_of(character)]) {
      return false;
    }
  }
  return true;
}

bool Glob::ends_match(std::string_view text) const {
  const bool fits = gaps_ == 0 ? text.size() == head_ : text.size() >= head_ + tail_;
  return fits && is_at(steps_.size() - tail_, text.substr(text.size() - tail_)) && is_at(0, text.substr(0, head_));
}

/// What is between the two ends.
bool Glob::gap_matches(std::string_view text) const {
  switch (steps_[head_].kind) {
    case Step::Kind::run:
      return text.find('/') == std::string_view::npos;
    case Step::Kind::directories:
      return text.empty() || text.back() == '/';
    default:
      return true;
  }
}

bool Glob::matches(std::string_view text) const {
  if (impossible_ || !ends_match(text)) {
    return false;
  }
  if (gaps_ > 1) {
    return run(text);
  }
  return gaps_ == 0 || gap_matches(text.substr(head_, text.size() - head_ - tail_));
}

bool Glob::run(std::string_view text) const {
  std::vector<bool> active(steps_.size() + 1);
  std::vector<bool> next(steps_.size() + 1);
  activate(active, 0);
  for (const char original : text) {
    const char character = ignore_case_ ? lower(original) : original;
    next.assign(next.size(), false);
    for (std::size_t step = 0; step < steps_.size(); ++step) {
      if (!active[step]) {
        continue;
      }
      switch (steps_[step].kind) {
        case Step::Kind::one:
          if (steps_[step].bytes[byte_of(character)]) {
            activate(next, step + 1);
          }
          break;
        case Step::Kind::run:
          if (character != '/') {
            activate(next, step);
          }
          break;
        case Step::Kind::everything:
          activate(next, step);
          break;
        case Step::Kind::directories:
          next[step] = true;
          if (character == '/') {
            activate(next, step + 1);
          }
          break;
      }
    }
    active.swap(next);
  }
  return active[steps_.size()];
}

}  // namespace nmz::git
