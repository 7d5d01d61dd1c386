#include "git_process.hpp"

#include <utility>

namespace nmz::git {

GitCommand git_command(const Repository& repository, std::vector<std::string> arguments) {
  GitCommand command;
  command.arguments = std::move(arguments);
  command.directory = repository.start_directory();
  command.set = {"GIT_DIR=" + repository.git_dir().string(), "GIT_COMMON_DIR=" + repository.common_dir().string()};
  command.unset = {"GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"};
  if (repository.work_tree().empty()) {
    command.unset.emplace_back("GIT_WORK_TREE");
  } else {
    command.set.push_back("GIT_WORK_TREE=" + repository.work_tree().string());
  }
  return command;
}

}  // namespace nmz::git
