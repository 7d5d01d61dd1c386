#include "nmz/installation/user_directories.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

namespace nmz::installation {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view name = "namazu-swarm";

/// The specification wants relative values ignored.
fs::path absolute_variable(const char* variable) {
  const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
  fs::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : fs::path{};
}

fs::path user_directory(const char* variable, std::string_view below_home) {
  if (const fs::path chosen = absolute_variable(variable); !chosen.empty()) return chosen / name;
  if (const fs::path home = absolute_variable("HOME"); !home.empty()) return home / below_home / name;
  return fs::temp_directory_path() / (std::string{name} + "-" + std::to_string(::getuid()));
}

}  // namespace

fs::path cache_directory() { return user_directory("XDG_CACHE_HOME", ".cache"); }
fs::path data_directory() { return user_directory("XDG_DATA_HOME", ".local/share"); }
fs::path state_directory() { return user_directory("XDG_STATE_HOME", ".local/state"); }

}  // namespace nmz::installation
