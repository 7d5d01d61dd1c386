#include "repository.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "nmz/text/utf8.hpp"

namespace nmz::hook {
namespace fs = std::filesystem;

Result<std::string> ask_git(const std::string& directory, std::vector<std::string> arguments, std::string_view input) {
  git_program::GitCommand command;
  command.arguments = std::move(arguments);
  command.directory = directory.empty() ? "." : directory;
  command.input = input;
  return git_program::git_output(command, ErrorKind::rejected).map([](std::string&& text) {
    return git_program::without_newline(std::move(text));
  });
}

std::vector<std::string> git_lines(const std::string& directory, std::vector<std::string> arguments,
                                   std::string_view input) {
  std::vector<std::string> lines;
  const Result<std::string> text = ask_git(directory, std::move(arguments), input);
  for (std::string_view rest = text ? std::string_view{*text} : std::string_view{}; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    lines.emplace_back(line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return lines;
}

std::optional<std::string> commit_of(const std::string& directory, const std::string& object) {
  const Result<std::string> id =
      ask_git(directory, {"rev-parse", "--quiet", "--verify", "--end-of-options", object + "^{commit}"});
  return id && !id->empty() ? std::optional{*id} : std::nullopt;
}

std::string title_of(const std::string& directory, const std::string& commit) {
  constexpr std::size_t short_id = 12;
  const Result<std::string> subject =
      ask_git(directory, {"log", "-1", "--no-show-signature", "--no-color", "--format=%s", commit, "--"});
  return commit.substr(0, short_id) + (subject ? " (" + text::printable(*subject) + ")" : "");
}

Result<Places> places_of(const std::string& directory) {
  const auto path = [&directory](const char* option) {
    std::vector<std::string> arguments{"rev-parse", "--path-format=absolute", option};
    if (std::string_view{option} == "--git-path") arguments.emplace_back("hooks");
    return ask_git(directory, std::move(arguments));
  };
  const Result<std::string> common = path("--git-common-dir");
  if (!common) return fail(ErrorKind::misconfigured, common.error().message);
  const Result<std::string> hooks = path("--git-path");
  if (!hooks) return fail(ErrorKind::misconfigured, hooks.error().message);
  Places places;
  places.git_dir = *common;
  places.hooks = fs::path{*hooks}.lexically_normal();
  places.own = (places.git_dir / "hooks").lexically_normal();
  places.bare = ask_git(directory, {"rev-parse", "--is-bare-repository"}).value_or("false") == "true";
  places.directory = places.git_dir;
  if (places.bare) return places;
  const bool inside = ask_git(directory, {"rev-parse", "--is-inside-git-dir"}).value_or("false") == "true";
  const Result<std::string> top = inside ? Result<std::string>{std::string{}} : path("--show-toplevel");
  if (top && !top->empty()) {
    places.directory = *top;
  } else if (places.git_dir.filename() == ".git") {
    places.directory = places.git_dir.parent_path();
  }
  return places;
}

}  // namespace nmz::hook
