// mdoc names what it marks up: `.Fl -json` is an option, and in the section EVENTS `.It Li x` is an event, `.Va` a
// member of it and `.Cm` a word that a member can have.
#include "page.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace nmz::manual {
namespace {

/// Flags of a line: after each Fl macro, the next word.
void take_options(std::istringstream words, std::set<std::string>& options) {
  for (std::string word; words >> word;) {
    if ((word == ".Fl" || word == "Fl") && words >> word) options.insert("-" + word);
  }
}

}  // namespace

Page::Page(const std::filesystem::path& file) {
  std::ifstream lines{file};
  if (!lines) throw std::runtime_error{"cannot read " + file.string()};
  bool in_events = false;
  std::string event;
  for (std::string line; std::getline(lines, line);) {
    take_options(std::istringstream{line}, options);
    std::istringstream parts{line};
    std::string macro;
    std::string argument;
    parts >> macro >> argument;
    if (macro == ".Pq") {  // "(...)" around another macro
      macro = "." + argument;
      parts >> argument;
    }
    if (macro == ".Sh") in_events = argument == "EVENTS";
    if (!in_events) continue;
    if (macro == ".It") {
      parts >> event;
      events[event];
    }
    if (macro == ".Va") (event.empty() ? common : events[event]).insert(argument);
    if (macro == ".Cm") words[event].insert(argument);
  }
}

}  // namespace nmz::manual
