#include "command.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "nmz/run/command_lookup.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

bool tracked_at_an_end(const std::string& name, const git::Repository& repository, const git::Range& range) {
  const auto tracked_at = [&](const git::CommitId& commit) { return repository.tracks(name, commit); };
  return tracked_at(range.bad) || std::ranges::any_of(range.goods, tracked_at);
}

Result<ResolvedCommand> resolve(const Options& options, const git::Repository& repository, const git::Range& range) {
  const std::string& name = options.command.front();
  const auto as_it_is = [] { return ResolvedCommand{}; };
  if (name.find('/') == std::string::npos) return run::find_in_path(name, options.environment).map(as_it_is);
  std::error_code ignored;
  const fs::path file = repository.start_directory() / name;  // an absolute name stays as it is
  if (fs::path{name}.is_absolute()) return run::check_program(name, file).map(as_it_is);
  if (tracked_at_an_end(name, repository, range)) return ResolvedCommand{};
  if (!fs::exists(file, ignored)) {
    return fail(ErrorKind::misconfigured, "the command '" + name + "' exists neither here nor in the commits");
  }
  return run::check_program(name, file).map([&file] {
    ResolvedCommand result;
    result.program = file.lexically_normal().string();
    return result;
  });
}

}  // namespace

Result<ResolvedCommand> resolve_command(const Options& options, const git::Repository& repository,
                                        const git::Range& range) {
  return resolve(options, repository, range).map_error([&options](const Error& error) {
    return run::with_hint(error, options.command);
  });
}

}  // namespace nmz::nmzbisect
