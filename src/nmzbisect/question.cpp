#include "question.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/stat.h>

#include "nmz/git/checkout_state.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

using Parts = std::vector<std::string>;

constexpr off_t longest_content = off_t{1} << 20;

std::string stamp_of(const struct stat& status) {
  return fmt::format("{} {} {}.{}", status.st_mode, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

std::string file_mark(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return "none";
  if (!S_ISREG(status.st_mode) || status.st_size > longest_content) return stamp_of(status);
  std::ifstream stream{file, std::ios::binary};
  return "file " + std::string{std::istreambuf_iterator<char>{stream}, {}};
}

void add(Parts& all, const Parts& some) {
  all.push_back(std::to_string(some.size()));
  all.insert(all.end(), some.begin(), some.end());
}

/// As the shell that the user typed in would find it; empty where it is not.
fs::path in_path(const std::string& program) {
  const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  std::string_view rest = path == nullptr ? std::string_view{"/usr/bin:/bin"} : path;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    fs::path file = fs::path{rest.substr(0, colon)} / program;
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return {};
}

/// What a word names that is no file of the checkout: these the commits have, or the inputs.
void add_named(Parts& all, const std::string& word, const git::Repository& repository) {
  const char* const home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  const bool at_home = home != nullptr && word.starts_with("~/");
  const fs::path named = at_home ? fs::path{home} / word.substr(2) : fs::path{word};
  const fs::path file = (repository.start_directory() / named).lexically_normal();
  const fs::path inside = file.lexically_relative(repository.work_tree());
  const bool ours = !repository.work_tree().empty() && !inside.empty() && *inside.begin() != "..";
  struct stat status {};
  if (word.find('/') == std::string::npos || ours || ::stat(file.c_str(), &status) != 0) return;
  if (S_ISREG(status.st_mode)) add(all, {file.string(), file_mark(file)});
}

void add_command(Parts& all, const wire::Run& command, const Search& search) {
  add(all, {command.program, command.build, command.directory, command.match});
  add(all, command.argv);
  add(all, command.env);
  if (!command.program.empty()) all.push_back(file_mark(command.program));
  const bool by_name = !command.argv.empty() && command.argv.front().find('/') == std::string::npos;
  if (by_name && command.watch) all.push_back(file_mark(in_path(command.argv.front())));
  std::set<std::string> words;
  for (const std::string& argument : command.argv) {
    for (std::string& word : words_of_argument(argument)) words.insert(std::move(word));
  }
  for (std::string& word : words_of_argument(command.build)) words.insert(std::move(word));
  for (const std::string& word : words) add_named(all, word, search.repository);
}

void add_place(Parts& all, const Options& options, const site::Site& site) {
  const cluster::Options& containers = options.containers;
  add(all,
      {site.content_id(), containers.network, std::to_string(containers.nano_cpus), std::to_string(containers.memory)});
  add(all, containers.secrets);
  for (const docker::Mount& mount : containers.mounts) add(all, {mount.type, mount.source, mount.target});
  add(all,
      {std::to_string(static_cast<int>(options.isolate)),
       fmt::format("{}{}{}{}{}", options.pristine, options.clean, options.hooks, options.no_checkout, options.git)});
}

/// What the user gives beside the commits.
void add_inputs(Parts& all, const Search& search, const Inputs& inputs) {
  for (const git::PatchRequest& patch : search.options.patches) add(all, {patch.range, file_mark(patch.file)});
  if (!inputs.today) return;
  for (const git::TodaysFile& file : *inputs.today) {
    add(all, {file.path, file.removed ? "removed" : std::to_string(static_cast<int>(file.mode)),
              file.below.empty() ? file.content : file_mark(file.below / file.path)});
  }
}

/// Those that are present are laid out, as the commits have them.
void add_submodules(Parts& all, const fs::path& modules) {
  std::error_code error;
  std::set<std::string> names;
  for (fs::recursive_directory_iterator it{modules, error}, end; !error && it != end; it.increment(error)) {
    std::error_code none;
    if (!it->is_directory(none)) continue;
    if (!fs::exists(it->path() / "HEAD", none)) continue;
    names.insert(it->path().lexically_relative(modules).string());
    it.disable_recursion_pending();
  }
  add(all, {names.begin(), names.end()});
}

/// Whether it is what the search itself writes.
bool is_ours(const fs::path& file, const Options& options) {
  return std::ranges::any_of(
      std::vector<std::string>{options.json, options.debug_log, options.log_directory, options.work_directory},
      [&](const std::string& one) {
        std::error_code error;
        const fs::path inside = file.lexically_relative(fs::absolute(one, error).lexically_normal());
        return !one.empty() && !inside.empty() && *inside.begin() != "..";
      });
}

/// What is untracked and not ignored; nothing where it cannot be told, as the tests' inputs have it.
void add_untracked(Parts& all, const Search& search) {
  if (search.options.pristine || search.options.no_checkout || search.repository.work_tree().empty()) return;
  const auto names = git::untracked_files(search.repository);
  if (!names) return;
  for (const std::string& name : *names) {
    const fs::path file = search.repository.work_tree() / name;
    struct stat status {};
    if (is_ours(file, search.options) || ::lstat(file.c_str(), &status) != 0) continue;
    add(all, {name, stamp_of(status)});
  }
}

}  // namespace

Question::Question(const Search& search, const site::Site& site, const wire::Run& command, const Inputs& inputs)
    : search_{&search} {
  Parts all{"2", search.objects.content_rules()};
  add_command(all, command, search);
  add_place(all, search.options, site);
  add(all, search.options.overlays);
  add(all, search.options.with);
  add_inputs(all, search, inputs);
  add_submodules(all, search.repository.common_dir() / "modules");
  if (site.sees_our_files()) add_untracked(all, search);
  rest_ = history::verdict_key(all);
  by_name_ = search.options.no_checkout ||
             std::ranges::any_of(search.options.patches, [](const auto& patch) { return !patch.range.empty(); });
}

Result<history::VerdictKey> Question::of(const git::CommitId& commit, bool plain) const {
  return search_->objects.tree_id(commit).map([&](const git::CommitId& tree) {
    return history::verdict_key(Parts{rest_.bytes, tree.hex(), by_name_ ? commit.hex() : "", plain ? "plain" : ""});
  });
}

history::VerdictKey Question::whole() const {
  const Options& options = search_->options;
  Parts all{rest_.bytes, search_->range.bad.hex(), options.good_limit};
  add(all, options.pathspecs);
  add(all, options.skips);
  for (const git::CommitId& good : search_->range.goods) all.push_back(good.hex());
  all.push_back(fmt::format("{}{}{}{}{}", options.find_good, options.first_parent, options.find_fix, options.trust_ends,
                            options.flaky));
  return history::verdict_key(all);
}

}  // namespace nmz::nmzbisect
