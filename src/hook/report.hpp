// How a result reaches people after a push: a text that is kept, a note on the commit, and the user's own command.
#pragma once

#include <filesystem>
#include <string>

#include "inquiry.hpp"
#include "queue.hpp"
#include "settings.hpp"

namespace nmz::hook {

struct Told {
  Told() = default;
  Entry entry;
  Finding finding;
  std::string when;       ///< local time
  std::string directory;  ///< of the repository
};

/// Pure.
[[nodiscard]] std::string report_text(const Told& told);
[[nodiscard]] std::string report_json(const Told& told, const std::string& report);
/// For a person: "main: 1a2b3c (subject) is the first bad commit".
[[nodiscard]] std::string headline(const Told& told);

/// What can be done of it; what cannot is a line on standard error. Returns the report's path.
std::filesystem::path report(const Told& told, const Settings& settings, const Queue& queue);

/// The last reports, the newest first.
[[nodiscard]] std::vector<std::filesystem::path> reports_in(const std::filesystem::path& directory);

}  // namespace nmz::hook
