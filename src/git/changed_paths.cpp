#include "nmz/git/changed_paths.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "git_process.hpp"

namespace nmz::git {

Result<std::vector<std::vector<std::string>>> changed_paths(const Repository& repository,
                                                            std::span<const CommitId> commits,
                                                            const std::vector<std::string>& pathspecs) {
  std::string input;
  for (const CommitId& commit : commits) {
    input += commit.hex();
    input += '\n';
  }
  std::vector<std::string> arguments{"diff-tree", "--stdin", "-r", "--root", "-c", "-z", "--name-only", "--no-renames"};
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), pathspecs.begin(), pathspecs.end());
  GitCommand command = git_command(repository, std::move(arguments));
  command.input = input;
  command.set.emplace_back("GIT_NO_LAZY_FETCH=1");  // nothing of this is worth a download
  const Result<std::string> listed = git_output(command, ErrorKind::rejected);
  if (!listed) {
    return tl::unexpected{listed.error()};
  }
  // "<commit>", then its paths; a commit without any is left out. They come in the order in which they were asked for.
  std::vector<std::vector<std::string>> paths(commits.size());
  std::size_t at = commits.size();
  std::size_t next = 0;
  for (std::string_view rest = *listed; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    std::size_t found = commits.size();
    if (const std::optional<CommitId> id = CommitId::parse(word)) {
      for (found = next; found < commits.size() && commits[found] != *id;) {
        ++found;
      }
    }
    if (found < commits.size()) {
      at = found;
      next = found + 1;
    } else if (at < commits.size()) {
      paths[at].emplace_back(word);
    }
  }
  return paths;
}

}  // namespace nmz::git
