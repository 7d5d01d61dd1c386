#include "nmz/git/checkout_state.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include "git_process.hpp"

namespace nmz::git {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<std::vector<std::string>> ask(const Repository& repository, const std::filesystem::path& directory,
                                     std::vector<std::string> arguments) {
  GitCommand command = git_command(repository, std::move(arguments));
  command.directory = directory;
  Result<std::string> out = git_output(command, ErrorKind::rejected);
  if (!out) {
    return tl::unexpected{out.error()};
  }
  return split(*out);
}

}  // namespace

Result<CheckoutState> checkout_state(const Repository& repository) {
  CheckoutState state;
  if (repository.work_tree().empty()) {
    return state;
  }
  auto untracked = ask(repository, repository.work_tree(), {"ls-files", "-z", "--others", "--directory"});
  if (!untracked) {
    return tl::unexpected{untracked.error()};
  }
  state.untracked = std::move(*untracked);
  // Not `git diff`, which writes the index where it finds that a file was only touched. "XY path", X and Y are one
  // letter.
  auto changed =
      ask(repository, repository.work_tree(),
          {"status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=all"});
  if (!changed) {
    return tl::unexpected{changed.error()};
  }
  constexpr std::size_t letters = 3;
  for (const std::string& line : *changed) {
    state.changed.push_back(line.substr(std::min(letters, line.size())));
  }
  return state;
}

Result<std::vector<std::string>> untracked_files(const Repository& repository) {
  return ask(repository, repository.work_tree(), {"ls-files", "-z", "--others", "--exclude-standard"});
}

Result<std::vector<std::string>> files_at(const Repository& repository, const std::string& pathspec) {
  auto files = ask(repository, repository.start_directory(),
                   {"ls-files", "-z", "--full-name", "--cached", "--others", "--", pathspec});
  if (files) {
    std::ranges::sort(*files);
    // Not std::ranges::unique: clang 14 cannot compile it with this library.
    files->erase(std::unique(files->begin(), files->end()), files->end());
  }
  return files;
}

Result<TodaysFile> todays_file(const std::filesystem::path& directory, const std::string& path) {
  TodaysFile file;
  file.path = path;
  const std::filesystem::path place = directory / path;
  struct stat status {};
  if (::lstat(place.c_str(), &status) != 0) {
    file.removed = errno == ENOENT || errno == ENOTDIR;
    if (file.removed) {
      return file;
    }
  } else if (S_ISLNK(status.st_mode)) {
    std::error_code error;
    file.mode = wire::FileMode::symlink;
    file.content = std::filesystem::read_symlink(place, error).string();
    if (!error) {
      return file;
    }
  } else if (S_ISREG(status.st_mode)) {
    file.mode = (status.st_mode & S_IXUSR) != 0 ? wire::FileMode::executable : wire::FileMode::regular;
    std::ifstream in{place, std::ios::binary};
    std::ostringstream content;
    content << in.rdbuf();
    file.content = std::move(content).str();
    if (in || (in.is_open() && status.st_size == 0)) {
      return file;
    }
  }
  return fail(ErrorKind::misconfigured, "cannot read '" + place.string() + "'");
}

}  // namespace nmz::git
