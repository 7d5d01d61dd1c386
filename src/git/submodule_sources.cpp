// See submodule_sources.hpp.
#include "submodule_sources.hpp"

#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "nmz/files/contents.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

/// Where "work_tree/.git" leads: itself, or what the file says.
fs::path git_dir_of_work_tree(const fs::path& work_tree) {
  fs::path git = work_tree / ".git";
  std::error_code error;
  if (fs::is_directory(git, error)) {
    return git;
  }
  std::istringstream in{files::contents(git).value_or("")};
  std::string line;
  constexpr std::string_view key = "gitdir: ";
  if (!std::getline(in, line) || !line.starts_with(key)) {
    return {};
  }
  return fs::weakly_canonical(work_tree / line.substr(key.size()), error);
}

}  // namespace

bool is_safe_submodule_name(std::string_view name) {
  return !name.empty() && !name.starts_with('/') && fmt::format("/{}/", name).find("/../") == std::string::npos;
}

ObjectSource* SubmoduleSources::find(ObjectSource& parent, const std::string& name, const std::string& path,
                                     const CommitId& commit) {
  const Place& place = parent.place();
  const fs::path work_tree = place.work_tree.empty() ? fs::path{} : place.work_tree / path;
  std::vector<fs::path> git_dirs;
  if (!work_tree.empty()) {
    git_dirs.push_back(git_dir_of_work_tree(work_tree));
  }
  if (is_safe_submodule_name(name)) {
    git_dirs.push_back(place.git_dir / "modules" / name);
    git_dirs.push_back(place.common_dir / "modules" / name);
  }
  for (const fs::path& git_dir : git_dirs) {
    if (ObjectSource* source = git_dir.empty() ? nullptr : open(git_dir, work_tree);
        source != nullptr && source->has(commit)) {
      return source;
    }
  }
  return nullptr;
}

ObjectSource* SubmoduleSources::open(const fs::path& git_dir, const fs::path& work_tree) {
  if (const auto known = sources_.find(git_dir.string()); known != sources_.end()) {
    return known->second.get();
  }
  std::error_code error;
  if (!fs::is_directory(git_dir / "objects", error)) {
    return nullptr;  // asked again next time: it may be cloned meanwhile
  }
  Place place;
  place.git_dir = git_dir;
  place.common_dir = git_dir;
  place.work_tree = fs::is_directory(work_tree, error) ? work_tree : fs::path{};
  Result<std::unique_ptr<ObjectSource>> source = ObjectSource::open(std::move(place));
  if (!source) {
    return nullptr;
  }
  return sources_.emplace(git_dir.string(), std::move(*source)).first->second.get();
}

}  // namespace nmz::git
