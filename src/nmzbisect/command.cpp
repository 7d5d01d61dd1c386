#include "command.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

bool executable_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

tl::unexpected<Error> not_executable(const std::string& name) {
  return fail(ErrorKind::misconfigured, "the command '" + name +
                                            "' is not executable (chmod +x it, or name its "
                                            "interpreter: -- sh " +
                                            name + ")");
}

/// PATH as the command will have it.
std::string search_path(const Options& options) {
  const char* inherited = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::string path = inherited == nullptr ? "/usr/bin:/bin" : inherited;
  for (const std::string& variable : options.environment) {
    if (variable.starts_with("PATH=")) path = variable.substr(std::string_view{"PATH="}.size());
  }
  return path;
}

Result<ResolvedCommand> find_in_path(const std::string& name, const std::string& path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t colon = std::min(path.find(':', at), path.size());
    if (executable_file(fs::path{path.substr(at, colon - at)} / name)) return ResolvedCommand{};
    at = colon + 1;
  }
  return fail(ErrorKind::misconfigured, "the command '" + name + "' is not in PATH");
}

Result<ResolvedCommand> from_checkout(const std::string& name, const fs::path& file) {
  if (!executable_file(file)) return not_executable(name);
  ResolvedCommand result;
  result.program = file.string();
  return result;
}

bool tracked_at_an_end(const std::string& name, const git::Repository& repository, const git::Range& range) {
  const auto tracked_at = [&](const git::CommitId& commit) { return repository.tracks(name, commit); };
  return tracked_at(range.bad) || std::ranges::any_of(range.goods, tracked_at);
}

Result<ResolvedCommand> resolve(const Options& options, const git::Repository& repository, const git::Range& range) {
  const std::string& name = options.command.front();
  if (name.find('/') == std::string::npos) return find_in_path(name, search_path(options));
  std::error_code ignored;
  const fs::path file = repository.start_directory() / name;  // an absolute name stays as it is
  const bool here = fs::exists(file, ignored);
  if (fs::path{name}.is_absolute()) {
    if (!here) return fail(ErrorKind::misconfigured, "the command '" + name + "' does not exist");
    return executable_file(file) ? Result<ResolvedCommand>{ResolvedCommand{}} : not_executable(name);
  }
  if (tracked_at_an_end(name, repository, range)) return ResolvedCommand{};
  if (here) return from_checkout(name, file.lexically_normal());
  return fail(ErrorKind::misconfigured, "the command '" + name + "' exists neither here nor in the commits");
}

}  // namespace

Result<ResolvedCommand> resolve_command(const Options& options, const git::Repository& repository,
                                        const git::Range& range) {
  Result<ResolvedCommand> resolved = resolve(options, repository, range);
  const std::string& name = options.command.front();
  const bool for_a_shell = options.command.size() == 1 && name.find_first_of(" \t\n|&;<>$") != std::string::npos;
  if (resolved || !for_a_shell) return resolved;
  return fail(ErrorKind::misconfigured, "the command '" + name +
                                            "' is one word, and no program is called so; if it is "
                                            "for a shell: -- sh -c '" +
                                            name + "'");
}

}  // namespace nmz::nmzbisect
