#include "nmz/run/command_lookup.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace nmz::run {
namespace fs = std::filesystem;
namespace {

std::string search_path(const std::vector<std::string>& environment) {
  const char* const inherited = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::string path = inherited == nullptr ? "/usr/bin:/bin" : inherited;
  for (const std::string& variable : environment) {
    if (variable.starts_with("PATH=")) path = variable.substr(std::string_view{"PATH="}.size());
  }
  return path;
}

}  // namespace

bool is_executable(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

Result<void> find_in_path(const std::string& name, const std::vector<std::string>& environment) {
  const std::string path = search_path(environment);
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t colon = std::min(path.find(':', at), path.size());
    if (is_executable(fs::path{path.substr(at, colon - at)} / name)) return {};
    at = colon + 1;
  }
  return fail(ErrorKind::misconfigured, "the command '" + name + "' is not in PATH");
}

Result<void> check_program(const std::string& name, const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    return fail(ErrorKind::misconfigured, "the command '" + name + "' does not exist");
  }
  if (is_executable(file)) return {};
  return fail(ErrorKind::misconfigured, "the command '" + name +
                                            "' is not executable (chmod +x it, or name its "
                                            "interpreter: -- sh " +
                                            name + ")");
}

Error with_hint(const Error& error, const std::vector<std::string>& command) {
  const std::string& name = command.front();
  if (command.size() != 1 || name.find_first_of(" \t\n|&;<>$") == std::string::npos) return error;
  return Error{ErrorKind::misconfigured, "the command '" + name +
                                             "' is one word, and no program is called so; if it is for a shell: -- sh "
                                             "-c '" +
                                             name + "'"};
}

}  // namespace nmz::run
