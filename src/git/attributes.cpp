// See attributes.hpp.
#include "attributes.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "quoting.hpp"

namespace nmz::git {

namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view macro_prefix = "[attr]";
constexpr std::size_t longest_line = 2047;
constexpr std::size_t largest_file = std::size_t{100} << 20;

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, std::min(text.find_first_of(blanks), text.size()));
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return word;
}

bool valid_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return !name.empty() && name.front() != '-' && std::ranges::all_of(name, allowed);
}

std::optional<AttributeFile::Assignment> parse_assignment(std::string_view word) {
  AttributeFile::Assignment result;
  const std::size_t equals = word.find('=');
  std::string_view name = word.substr(0, equals);
  if (name.starts_with('-') || name.starts_with('!')) {
    result.value.kind = name.front() == '-' ? AttributeValue::Kind::unset : AttributeValue::Kind::unspecified;
    name.remove_prefix(1);
  } else if (equals == std::string_view::npos) {
    result.value.kind = AttributeValue::Kind::set;
  } else {
    result.value = {AttributeValue::Kind::text, std::string{word.substr(equals + 1)}};
  }
  if (!valid_name(name)) {
    return std::nullopt;
  }
  result.name = name;
  return result;
}

/// False for a pattern that can never match a file.
bool set_pattern(AttributeFile::Rule& rule, std::string_view pattern, bool ignore_case) {
  if (pattern.starts_with('!') || pattern.ends_with('/')) {
    return false;
  }
  rule.whole_path = pattern.find('/') != std::string_view::npos;
  if (pattern.starts_with('/')) {
    pattern.remove_prefix(1);
  }
  rule.pattern.emplace(pattern, rule.whole_path ? Glob::Scope::path : Glob::Scope::name, ignore_case);
  return true;
}

std::optional<AttributeFile::Rule> parse_line(std::string_view line, bool macros_allowed, bool ignore_case) {
  std::string_view rest = line.substr(std::min(line.find_first_not_of(blanks), line.size()));
  if (rest.empty() || rest.front() == '#' || line.size() > longest_line) {
    return std::nullopt;
  }
  AttributeFile::Rule rule;
  std::string_view after_quotes = rest;
  if (const std::optional<std::string> quoted = unquote_c_style(after_quotes)) {
    rest = after_quotes.substr(std::min(after_quotes.find_first_not_of(blanks), after_quotes.size()));
    if (!set_pattern(rule, *quoted, ignore_case)) {
      return std::nullopt;
    }
  } else if (rest.starts_with(macro_prefix) && take_word(after_quotes).size() > macro_prefix.size()) {
    rule.macro = take_word(rest).substr(macro_prefix.size());
    if (!macros_allowed || !valid_name(rule.macro)) {
      return std::nullopt;
    }
  } else if (!set_pattern(rule, take_word(rest), ignore_case)) {
    return std::nullopt;
  }
  while (!rest.empty()) {
    std::optional<AttributeFile::Assignment> assignment = parse_assignment(take_word(rest));
    if (!assignment) {
      return std::nullopt;
    }
    rule.assignments.push_back(std::move(*assignment));
  }
  std::ranges::reverse(rule.assignments);
  return rule;
}

}  // namespace

AttributeFile AttributeFile::parse(std::string_view text, bool macros_allowed, bool ignore_case) {
  AttributeFile file;
  if (text.size() > largest_file) {
    return file;
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    text.remove_prefix(3);
  }
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (std::optional<Rule> rule = parse_line(line, macros_allowed, ignore_case)) {
      file.rules_.push_back(std::move(*rule));
    }
  }
  std::ranges::reverse(file.rules_);
  return file;
}

/// Collects the values of one path, the strongest rule first: what is decided stays.
class AttributeStack::Search {
 public:
  explicit Search(const AttributeStack& stack) : stack_{stack} {}

  Attributes run(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const auto apply = [&](const AttributeFile& file, std::size_t directory_size) {
      const std::string_view below = path.substr(directory_size);
      for (const AttributeFile::Rule& rule : file.rules()) {
        if (rule.pattern && rule.pattern->matches(rule.whole_path ? below : name)) {
          assign(rule.assignments);
        }
      }
    };
    if (stack_.strongest_) {
      apply(*stack_.strongest_, 0);
    }
    for (std::size_t i = stack_.levels_.size(); i-- > 0;) {
      apply(*stack_.levels_[i].file, stack_.levels_[i].directory_size);
    }
    return std::move(result_);
  }

 private:
  void assign(const std::vector<AttributeFile::Assignment>& assignments) {
    for (const AttributeFile::Assignment& assignment : assignments) {
      if (!decided_.insert(assignment.name).second) {
        continue;
      }
      if (AttributeValue* value = kept(assignment.name)) {
        *value = assignment.value;
      }
      if (assignment.value.kind == AttributeValue::Kind::set) {
        expand(assignment.name);
      }
    }
  }

  AttributeValue* kept(std::string_view name) {
    using Member = AttributeValue Attributes::*;
    static constexpr std::array<std::pair<std::string_view, Member>, 6> members{
        {{"text", &Attributes::text},
         {"crlf", &Attributes::crlf},
         {"eol", &Attributes::eol},
         {"ident", &Attributes::ident},
         {"filter", &Attributes::filter},
         {"working-tree-encoding", &Attributes::working_tree_encoding}}};
    const auto* found = std::ranges::find(members, name, &std::pair<std::string_view, Member>::first);
    return found == members.end() ? nullptr : &(result_.*(found->second));
  }

  /// An attribute that is set and names a macro sets what the macro lists.
  void expand(std::string_view name) {
    const std::vector<AttributeFile::Assignment>* found =
        stack_.strongest_ ? macro_in(*stack_.strongest_, name) : nullptr;
    for (std::size_t i = stack_.levels_.size(); i-- > 0 && found == nullptr;) {
      found = macro_in(*stack_.levels_[i].file, name);
    }
    if (found != nullptr) {
      assign(*found);
    } else if (name == "binary") {
      static const std::vector<AttributeFile::Assignment> binary{
          {"diff", unset()}, {"merge", unset()}, {"text", unset()}};
      assign(binary);
    }
  }

  static AttributeValue unset() { return {AttributeValue::Kind::unset, {}}; }

  static const std::vector<AttributeFile::Assignment>* macro_in(const AttributeFile& file, std::string_view name) {
    for (const AttributeFile::Rule& rule : file.rules()) {
      if (!rule.pattern && rule.macro == name) {
        return &rule.assignments;
      }
    }
    return nullptr;
  }

  const AttributeStack& stack_;
  std::set<std::string_view> decided_;
  Attributes result_;
};

void AttributeStack::push(std::shared_ptr<const AttributeFile> file, std::string_view directory) {
  levels_.push_back({std::move(file), directory.size()});
}

void AttributeStack::pop() { levels_.pop_back(); }

Attributes AttributeStack::of(std::string_view path) const { return Search{*this}.run(path); }

}  // namespace nmz::git
