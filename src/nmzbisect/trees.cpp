#include "trees.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/command_line/parser.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/orchestrator/kept_trees.hpp"
#include "nmz/output/local_time.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/program.hpp"
#include "nmz/text/utf8.hpp"

#include "bisect.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

// umask() can only be read by setting it. Nothing else makes a file meanwhile: the workers are not started yet.
mode_t current_umask() {
  const mode_t mask = ::umask(S_IRWXG | S_IRWXO);
  ::umask(mask);
  return mask;
}

/// Paths at which trees may have what the user had there, in this search or an earlier one.
std::vector<std::string> todays_paths(const Inputs& inputs, const site::Site& site) {
  std::set<std::string> paths;
  if (const auto inherited = site.inherited()) paths.insert(inherited->words.begin(), inherited->words.end());
  if (inputs.today) {
    for (const git::TodaysFile& file : *inputs.today) paths.insert(file.path);
  }
  return {paths.begin(), paths.end()};
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t mebi = std::uint64_t{1} << 20U;
  return fmt::format("{} MiB", (bytes + mebi - 1) / mebi);
}

std::string line_of(const orchestrator::KeptDirectory& one) {
  if (one.in_use) return fmt::format("in use            {}\n", text::printable(one.path.string()));
  return fmt::format("{}  {}  {} tree{}, {}\n", output::local_minute(one.last_used), text::printable(one.trees.title),
                     one.trees.workers.size(), one.trees.workers.size() == 1 ? "" : "s", size_text(one.trees.bytes));
}

std::string list(const fs::path& base) {
  std::string text;
  for (const orchestrator::KeptDirectory& one : orchestrator::kept_directories(base)) text += line_of(one);
  return output::without_commands(text);
}

std::string prune(const fs::path& base, bool all) {
  orchestrator::KeptLimits limits;
  if (all) limits.directories = 0;
  const orchestrator::PrunedTrees pruned = orchestrator::prune_kept(base, limits);
  for (const std::string& line : pruned.left) output::complain(program.name, line);
  return fmt::format("removed the trees of {} repositor{}\n", pruned.directories,
                     pruned.directories == 1 ? "y" : "ies");
}

}  // namespace

bool keeps_trees(const Options& options) { return !options.no_keep_trees && options.work_directory.empty(); }

std::string owner_of_trees(const Options& options, const git::Repository& repository) {
  struct stat status {};
  std::error_code error;
  const fs::path common = fs::canonical(repository.common_dir(), error);
  if (!keeps_trees(options) || error || ::stat(common.c_str(), &status) != 0) return {};
  return fmt::format("{}\n{}\n{}", common.string(), status.st_ino, repository.top().string());
}

std::string rules_of_trees(const git::ObjectReader& objects) {
  const std::string text =
      fmt::format("{} {} {} {:o}\n{}", NMZ_VERSION, ::geteuid(), ::getegid(), current_umask(), objects.content_rules());
  return fmt::format("{:016x}", std::hash<std::string>{}(text));
}

orchestrator::KeptTrees trees_to_keep(const Search& search, const Inputs& inputs, const site::Site& site) {
  orchestrator::KeptTrees trees;
  trees.owner = owner_of_trees(search.options, search.repository);
  trees.title = search.repository.top().string();
  trees.words = todays_paths(inputs, site);
  return trees;
}

int trees_command(const std::vector<std::string>& arguments) {
  command_line::Headline line;
  line.name = program.name;
  line.purpose = "Lists the work trees that are kept for the next search of a repository, or removes some.";
  line.usage =
      "Usage: nmzbisect trees                  (the last used first)\n"
      "       nmzbisect trees prune [--all]    (removes what a search removes at its end, or all)\n";
  line.footer =
      "\nKept are the trees of the last 8 searches of different repositories, at most 10 GiB and a tenth of\n"
      "what is free on the disk. What a search uses stays.\n";
  line.hint = "see nmzbisect trees --help";
  command_line::Parser parser{line};
  std::vector<std::string> words;
  bool all = false;
  parser.take_words(words);
  parser.add({command_line::flag("--all", all, "Remove all that no search uses")});
  const auto page = parser.parse(arguments);
  const bool prunes = words == std::vector<std::string>{"prune"};
  const Result<fs::path> base = installation::cache_directory();
  std::string wrong = !page ? page.error().message : base ? "" : base.error().message;
  if (page && !*page && ((!words.empty() && !prunes) || (all && !prunes))) {
    wrong = "it is 'trees' or 'trees prune [--all]'";
  }
  if (!wrong.empty()) {
    output::complain(program.name, wrong);
    return run::exit_usage;
  }
  if (*page) return run::print_page(program, **page);
  return run::print_page(program, prunes ? prune(*base, all) : list(*base));
}

}  // namespace nmz::nmzbisect
