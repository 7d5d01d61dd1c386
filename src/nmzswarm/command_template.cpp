#include "command_template.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace nmz::nmzswarm {
namespace {

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Without what is behind the last dot of its last part.
std::string stem_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t slash = path.rfind('/');
  return dot == std::string::npos || (slash != std::string::npos && dot < slash) ? path : path.substr(0, dot);
}

/// As dirname(1), which GNU parallel follows: slashes at the end are none.
std::string directory_of(std::string path) {
  const auto without_slashes = [](std::string text) {
    while (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
  };
  path = without_slashes(std::move(path));
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return without_slashes(path.substr(0, slash + 1));
}

/// "sh", "/bin/bash", ...
bool is_shell(std::string_view word) {
  constexpr std::array<std::string_view, 8> shells{"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "yash"};
  word.remove_prefix(word.rfind('/') == std::string_view::npos ? 0 : word.rfind('/') + 1);
  return std::ranges::find(shells, word) != shells.end();
}

/// Behind a shell and its options, of which one of single letters ends with c: the script's position; else the size.
std::size_t script_of(const std::vector<std::string>& command) {
  for (std::size_t shell = 0; shell < command.size(); ++shell) {
    if (!is_shell(command[shell])) continue;
    for (std::size_t option = shell + 1; option + 1 < command.size() && command[option].starts_with('-'); ++option) {
      if (!command[option].starts_with("--") && command[option].ends_with('c')) return option + 1;
    }
  }
  return command.size();
}

/// In which quotes a shell's reader is.
class Quotes {
 public:
  void read(std::string_view text) {
    for (const char c : text) {
      if (std::exchange(escaped_, false)) continue;
      if (c == '\\' && quote_ != '\'') {
        escaped_ = true;
      } else if (quote_ == 0 ? c == '\'' || c == '"' : c == quote_) {
        quote_ = quote_ == 0 ? c : '\0';
      }
    }
  }
  /// What a variable's value is as one text here.
  [[nodiscard]] std::string reference(const std::string& name) const {
    std::string text = "${" + name + "}";
    if (quote_ == '"') return text;
    return quote_ == 0 ? "\"" + text + "\"" : "'\"" + text + "\"'";
  }

 private:
  char quote_ = '\0';
  bool escaped_ = false;
};

}  // namespace

CommandTemplate::CommandTemplate(const std::vector<std::string>& command, const Options& options) {
  const std::size_t script = script_of(command);
  for (std::size_t i = 0; i < command.size(); ++i) {
    Word word = options.place.empty() ? Word{{command[i], What::nothing}} : parse(command[i], options.place);
    const auto here = std::ranges::count_if(word, [](const Piece& piece) { return piece.what != What::nothing; });
    places_ += static_cast<std::size_t>(here);
    if (i == script && here > 0) word = Word{{as_script(word, referred_), What::nothing}};
    words_.push_back(std::move(word));
  }
  if (places_ > 0 || !options.append) return;
  words_.push_back(Word{{"", What::whole}});
  ++places_;
}

CommandTemplate::Word CommandTemplate::parse(std::string_view word, const std::string& place) const {
  const std::array<std::pair<std::string_view, What>, 6> places{{{place, What::whole},
                                                                 {"{.}", What::stem},
                                                                 {"{/}", What::base},
                                                                 {"{//}", What::directory},
                                                                 {"{/.}", What::base_stem},
                                                                 {"{#}", What::number}}};
  Word pieces;
  Piece piece;
  while (!word.empty()) {
    const auto found = std::ranges::find_if(places, [&](const auto& one) { return word.starts_with(one.first); });
    const bool shells_own = piece.text.ends_with('$');
    if (found == places.end() || (shells_own && found->first.front() == '{')) {
      piece.text += word.front();
      word.remove_prefix(1);
      continue;
    }
    piece.what = found->second;
    word.remove_prefix(found->first.size());
    pieces.push_back(std::exchange(piece, {}));
  }
  if (!piece.text.empty() || pieces.empty()) pieces.push_back(std::move(piece));
  return pieces;
}

std::string CommandTemplate::as_script(const Word& word, std::vector<What>& referred) const {
  std::string script;
  Quotes quotes;
  for (const Piece& piece : word) {
    quotes.read(piece.text);
    script += piece.text;
    if (piece.what == What::nothing) continue;
    script += quotes.reference(variable(piece.what));
    if (std::ranges::find(referred, piece.what) == referred.end()) referred.push_back(piece.what);
  }
  return script;
}

const char* CommandTemplate::variable(What what) {
  switch (what) {
    case What::whole:
      return "NMZ_PLACE";
    case What::stem:
      return "NMZ_PLACE_STEM";
    case What::base:
      return "NMZ_PLACE_BASE";
    case What::directory:
      return "NMZ_PLACE_DIRECTORY";
    case What::base_stem:
      return "NMZ_PLACE_BASE_STEM";
    case What::number:
      return "NMZ_PLACE_NUMBER";
    case What::nothing:
      break;
  }
  return "";
}

std::string CommandTemplate::value(What what, const std::string& id, std::size_t number) {
  switch (what) {
    case What::whole:
      return id;
    case What::stem:
      return stem_of(id);
    case What::base:
      return base_of(id);
    case What::directory:
      return directory_of(id);
    case What::base_stem:
      return stem_of(base_of(id));
    case What::number:
      return std::to_string(number);
    case What::nothing:
      break;
  }
  return {};
}

CommandTemplate::Filled CommandTemplate::fill(const std::string& id, std::size_t number) const {
  Filled filled;
  filled.argv.reserve(words_.size());
  for (const Word& word : words_) {
    std::string text;
    for (const Piece& piece : word) text += piece.text + value(piece.what, id, number);
    filled.argv.push_back(std::move(text));
  }
  filled.environment.reserve(referred_.size());
  for (const What what : referred_) {
    filled.environment.push_back(std::string{variable(what)} + "=" + value(what, id, number));
  }
  return filled;
}

}  // namespace nmz::nmzswarm
