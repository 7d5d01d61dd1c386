// See environment.hpp. A vector that is searched from the front: environments have some dozens of variables, and order
// and odd entries (without '=', which some programs set) pass through unchanged.
#include "environment.hpp"

#include <algorithm>

#include <unistd.h>

namespace nmz::agent {
namespace {

bool is_named(const std::string& variable, std::string_view name) {
  return variable.size() > name.size() && variable[name.size()] == '=' && variable.starts_with(name);
}

}  // namespace

Environment Environment::inherited() {
  Environment environment;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    environment.variables_.emplace_back(*variable);
  }
  return environment;
}

void Environment::set(std::string_view name, std::string_view value) {
  unset(name);
  std::string variable{name};
  variable += '=';
  variable += value;
  variables_.push_back(std::move(variable));
}

void Environment::unset(std::string_view name) {
  std::erase_if(variables_, [name](const std::string& variable) { return is_named(variable, name); });
}

const char* Environment::get(std::string_view name) const {
  const auto found =
      std::ranges::find_if(variables_, [name](const std::string& variable) { return is_named(variable, name); });
  return found == variables_.end() ? nullptr : found->c_str() + name.size() + 1;
}

std::vector<std::string> Environment::candidates(std::string_view command) const {
  if (command.find('/') != std::string_view::npos) {
    return {std::string{command}};
  }
  // POSIX: without PATH the search is implementation-defined; this is what glibc's execvp() does. An empty element
  // means the current directory.
  const char* const path = get("PATH");
  std::string_view rest = path == nullptr ? "/bin:/usr/bin" : path;
  std::vector<std::string> files;
  for (bool more = !command.empty(); more;) {
    const std::size_t colon = rest.find(':');
    std::string file{rest.substr(0, colon)};
    file += file.empty() ? "./" : "/";
    file += command;
    files.push_back(std::move(file));
    more = colon != std::string_view::npos;
    rest.remove_prefix(more ? colon + 1 : rest.size());
  }
  return files;
}

}  // namespace nmz::agent
