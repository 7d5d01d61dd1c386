#include "priors.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "nmz/git/changed_paths.hpp"

namespace nmz::nmzbisect {
namespace {

using search::Node;

// How often a commit of a kind is to blame, compared with any other.
constexpr double of_documentation = 1.0 / 8;
constexpr double of_nothing = 1.0 / 4;
constexpr double of_named = 6;
constexpr double of_suspected = 16;

/// Of a commit that changes very many the first are enough to tell.
constexpr std::size_t most_paths = 1000;
constexpr std::size_t longest_name = 200;
constexpr std::size_t most_names = 500;
/// Of failing tests: they mostly name the same.
constexpr std::size_t most_logs = 3;

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' || c == '/' || c == '+' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// A word is a file's name if it has a directory, or an ending that begins with a letter.
bool looks_like_a_file(std::string_view word) {
  const std::size_t slash = word.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? word : word.substr(slash + 1);
  if (name.empty() || word.size() > longest_name || word.find("//") != std::string_view::npos) return false;
  const std::size_t dot = name.rfind('.');
  const bool has_ending = dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
                          std::isalpha(static_cast<unsigned char>(name[dot + 1])) != 0;
  return has_ending || (slash != std::string_view::npos && slash > 0);
}

bool ends_at_slash(std::string_view text, std::string_view end) {
  return text.ends_with(end) && (text.size() == end.size() || text[text.size() - end.size() - 1] == '/');
}

}  // namespace

bool is_documentation(std::string_view path) {
  constexpr std::array<std::string_view, 4> directories{"doc", "docs", "documentation", "man"};
  constexpr std::array<std::string_view, 8> endings{"md",       "markdown", "rst",     "adoc",
                                                    "asciidoc", "texi",     "texinfo", "pod"};
  constexpr std::array<std::string_view, 18> names{
      "readme", "changes", "changelog", "news",   "authors", "copying",     "license",      "licence",  "todo",
      "thanks", "history", "install",   "notice", "credits", "maintainers", "contributing", ".mailmap", "contributors"};
  const std::string all = lower(path);
  std::string_view rest = all;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    if (is_one_of(rest.substr(0, slash), directories)) return true;
    rest.remove_prefix(slash + 1);
  }
  const std::size_t dot = rest.rfind('.');
  const std::string_view ending = dot == std::string_view::npos || dot == 0 ? std::string_view{} : rest.substr(dot + 1);
  if (is_one_of(ending, endings)) return true;
  return is_one_of(ending == "txt" ? rest.substr(0, dot) : rest, names);
}

std::set<std::string> files_named_in(std::string_view log) {
  std::set<std::string> names;
  for (std::size_t at = 0; at < log.size() && names.size() < most_names;) {
    std::size_t end = at;
    while (end < log.size() && is_name_character(log[end])) ++end;
    std::string_view word = log.substr(at, end - at);
    at = end + 1;
    while (word.starts_with("./")) word.remove_prefix(2);
    while (word.ends_with('.')) word.remove_suffix(1);
    if (looks_like_a_file(word)) names.emplace(word);
  }
  return names;
}

bool names_path(const std::set<std::string>& names, std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (names.contains(std::string{path}) || names.contains(std::string{name})) return true;
  return std::ranges::any_of(names, [&](const std::string& one) {
    const bool is_path = one.find('/') != std::string::npos;
    return is_path && (ends_at_slash(path, one) || ends_at_slash(one, path));
  });
}

/// git says whether it is one without a commit to look at.
Result<void> check_suspects(const Options& options, const git::Repository& repository) {
  if (options.suspects.empty()) return {};
  if (const auto understood = git::changed_paths(repository, {}, options.suspects); !understood) {
    return fail(ErrorKind::misconfigured, "--suspect: " + understood.error().message);
  }
  return {};
}

/// False where git cannot tell: a search goes on without.
bool Priors::read(std::span<const Node> nodes) {
  std::vector<git::CommitId> commits;
  for (const Node node : nodes) commits.push_back(range_->ids[node]);
  auto changed = git::changed_paths(*repository_, commits);
  if (!changed) return false;
  std::vector<std::vector<std::string>> suspected(commits.size());
  if (!options_->suspects.empty()) {
    auto touching = git::changed_paths(*repository_, commits, options_->suspects);
    if (!touching) return false;
    suspected = std::move(*touching);
  }
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    Known& known = known_[nodes[at]];
    known.paths = std::move((*changed)[at]);
    if (known.paths.size() > most_paths) known.paths.resize(most_paths);
    known.suspected = !suspected[at].empty();
    if (known.paths.empty()) {
      known.kind = Kind::nothing;
    } else if (std::ranges::all_of(known.paths, is_documentation)) {
      known.kind = Kind::documentation;
    }
  }
  return true;
}

std::vector<double> Priors::weigh(std::span<const Node> nodes) {
  std::vector<Node> unknown;
  std::ranges::copy_if(nodes, std::back_inserter(unknown), [&](Node node) { return !known_.contains(node); });
  if (options_->no_priors || (!unknown.empty() && !read(unknown))) return {};
  std::vector<double> weights;
  bool differs = false;
  for (const Node node : nodes) {
    Known& known = known_.at(node);
    const auto is_named = [&](const std::string& path) { return names_path(named_, path); };
    known.named = known.kind == Kind::plain && std::ranges::any_of(known.paths, is_named);
    double weight = known.kind == Kind::documentation ? of_documentation : known.kind == Kind::nothing ? of_nothing : 1;
    if (known.named) weight = of_named;
    if (known.suspected) weight = of_suspected;
    weights.push_back(weight);
    differs |= weight != weights.front();
  }
  return differs ? weights : std::vector<double>{};
}

bool Priors::take_log(std::string_view log) {
  if (options_->no_priors || logs_ == most_logs) return false;
  ++logs_;
  const std::size_t before = named_.size();
  named_.merge(files_named_in(log));
  return named_.size() > before;
}

std::string Priors::why(Node node) const {
  const auto found = known_.find(node);
  if (options_->no_priors || found == known_.end()) return {};
  const Known& known = found->second;
  if (known.suspected) return "suspected more beforehand: it changes what --suspect names";
  if (known.named) return "suspected more beforehand: it changes a file that the log of a failing test names";
  if (known.kind == Kind::documentation) return "suspected less beforehand: it changes documentation only";
  if (known.kind == Kind::nothing) return "suspected less beforehand: it changes nothing of its own";
  return {};
}

}  // namespace nmz::nmzbisect
