// The facts in a manual page (mdoc): which options it has, and which events with which members.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace nmz::manual {

struct Page {
  explicit Page(const std::filesystem::path& file);

  std::set<std::string> options;                        ///< "--json", "-q"; anywhere in the page
  std::set<std::string> common;                         ///< members of every event
  std::map<std::string, std::set<std::string>> events;  ///< by name: their members, also those of objects inside
  std::map<std::string, std::set<std::string>> words;   ///< by event: the values it says members can have
};

}  // namespace nmz::manual
