#include "nmz/git_program/variables.hpp"

#include <algorithm>
#include <array>

namespace nmz::git_program {
namespace {

constexpr std::array<std::string_view, 18> names{"GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                                 "GIT_COMMON_DIR",
                                                 "GIT_CONFIG",
                                                 "GIT_CONFIG_COUNT",
                                                 "GIT_CONFIG_PARAMETERS",
                                                 "GIT_DIR",
                                                 "GIT_GRAFT_FILE",
                                                 "GIT_IMPLICIT_WORK_TREE",
                                                 "GIT_INDEX_FILE",
                                                 "GIT_INTERNAL_SUPER_PREFIX",
                                                 "GIT_NAMESPACE",
                                                 "GIT_NO_REPLACE_OBJECTS",
                                                 "GIT_OBJECT_DIRECTORY",
                                                 "GIT_PREFIX",
                                                 "GIT_QUARANTINE_PATH",
                                                 "GIT_REPLACE_REF_BASE",
                                                 "GIT_SHALLOW_FILE",
                                                 "GIT_WORK_TREE"};
constexpr std::array<std::string_view, 3> beginnings{"GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_PUSH_"};

}  // namespace

bool is_about_a_repository(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  return std::ranges::binary_search(names, name) ||
         std::ranges::any_of(beginnings, [name](std::string_view one) { return name.starts_with(one); });
}

}  // namespace nmz::git_program
