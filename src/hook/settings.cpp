#include "settings.hpp"

#include <cstdlib>
#include <optional>
#include <string_view>

#include "nmz/command_line/quantities.hpp"
#include "nmz/configuration/configuration.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::hook {
namespace {

using configuration::Value;

/// The programs' own section wins, as with options.
std::optional<std::string> last_of(const std::vector<Value>& values, const std::string& name) {
  const auto own = configuration::last(values, "nmz.bisect." + name);
  return own ? own : configuration::last(values, "nmz." + name);
}

/// As git reads a bool.
bool is_true(const std::optional<std::string>& value) {
  return value && (*value == "true" || *value == "yes" || *value == "on" || *value == "1");
}

/// Names, several in one value or one in each.
std::vector<std::string> words_of(const std::vector<std::string>& values) {
  std::vector<std::string> words;
  for (const std::string& value : values) {
    for (std::size_t at = 0; at < value.size();) {
      const std::size_t end = std::min(value.find_first_of(" \t,", at), value.size());
      if (end > at) words.push_back(value.substr(at, end - at));
      at = end + 1;
    }
  }
  return words;
}

}  // namespace

Result<Settings> read_settings(const std::string& directory) {
  const Result<std::vector<Value>> values = configuration::read(directory);
  if (!values) return tl::unexpected{values.error()};
  Settings settings;
  settings.suite = last_of(*values, "suite").value_or("");
  settings.testable = !settings.suite.empty() || !last_of(*values, "command").value_or("").empty() ||
                      !last_of(*values, "image").value_or("").empty();
  if (std::vector<std::string> refs = words_of(configuration::all(*values, "nmz.refs")); !refs.empty()) {
    settings.refs = std::move(refs);
  }
  if (const auto budget = last_of(*values, "budget")) {
    const auto time = command_line::parse_time("nmz.budget", *budget);
    if (!time) return tl::unexpected{time.error()};
    settings.budget = *time;
  }
  settings.notify = last_of(*values, "notify").value_or("");
  settings.reports = last_of(*values, "report").value_or("");
  settings.wait = is_true(last_of(*values, "wait"));
  return settings;
}

bool switched_off() {
  const char* const value = std::getenv("NMZ_HOOK");  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr && std::string_view{value} == "0";
}

void tell(const std::string& line) { output::complain("nmzbisect", text::printable(line)); }

}  // namespace nmz::hook
