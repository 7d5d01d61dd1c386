#include "trees.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <system_error>

#include <boost/json.hpp>
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

/// What is in a worker's tree; a directory that an older program has kept says nothing.
std::string commit_in(const orchestrator::KeptTrees& trees, const std::string& worker) {
  const auto found = trees.contents.find(worker);
  return found == trees.contents.end() ? std::string{} : found->second;
}

std::string lines_of(const orchestrator::KeptDirectory& one) {
  if (one.in_use) {
    const std::string title = one.trees.title.empty() ? one.path.string() : one.trees.title;
    return fmt::format("in use            {}\n", text::printable(title));
  }
  std::string text =
      fmt::format("{}  {}  {} tree{}, {}\n", output::local_minute(one.last_used), text::printable(one.trees.title),
                  one.trees.workers.size(), one.trees.workers.size() == 1 ? "" : "s", size_text(one.trees.bytes));
  for (const std::string& worker : one.trees.workers) {
    const std::string commit = commit_in(one.trees, worker);
    text += fmt::format("    {}  {}\n", worker, commit.empty() ? "?" : text::printable(commit));
  }
  return text;
}

boost::json::object json_of(const orchestrator::KeptDirectory& one) {
  boost::json::object object{{"repository", text::valid_utf8(one.trees.title)},
                             {"directory", text::valid_utf8(one.path.string())},
                             {"in_use", one.in_use}};
  if (one.in_use) return object;
  object["last_used"] = std::chrono::duration_cast<std::chrono::seconds>(one.last_used.time_since_epoch()).count();
  object["bytes"] = one.trees.bytes;
  boost::json::array trees;
  for (const std::string& worker : one.trees.workers) {
    trees.push_back(boost::json::object{{"worker", worker}, {"commit", commit_in(one.trees, worker)}});
  }
  object["trees"] = std::move(trees);
  return object;
}

std::string list(const fs::path& base, bool json) {
  std::string text;
  for (const orchestrator::KeptDirectory& one : orchestrator::kept_directories(base)) {
    text += json ? boost::json::serialize(json_of(one)) + '\n' : lines_of(one);
  }
  return json ? text : output::without_commands(text);
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

orchestrator::KeptTrees trees_to_keep(const Search& search, const Inputs& inputs, const site::Site& site,
                                      const std::map<std::string, std::string>& in_trees) {
  orchestrator::KeptTrees trees;
  trees.owner = owner_of_trees(search.options, search.repository);
  trees.title = search.repository.top().string();
  trees.words = todays_paths(inputs, site);
  trees.contents = in_trees;
  // Of workers that this search did not need.
  if (const auto inherited = site.inherited())
    trees.contents.insert(inherited->contents.begin(), inherited->contents.end());
  return trees;
}

int trees_command(const std::vector<std::string>& arguments) {
  command_line::Headline line;
  line.name = program.name;
  line.purpose = "Lists the work trees that are kept for the next search of a repository, or removes some.";
  line.usage =
      "Usage: nmzbisect trees [--json]         (the last used first)\n"
      "       nmzbisect trees prune [--all]    (removes what a search removes at its end, or all)\n";
  line.footer =
      "\nKept are the trees of the last 8 searches of different repositories, at most 10 GiB and a tenth of\n"
      "what is free on the disk. What a search uses stays.\n";
  line.hint = "see nmzbisect trees --help";
  command_line::Parser parser{line};
  std::vector<std::string> words;
  bool all = false;
  bool json = false;
  parser.take_words(words);
  parser.add({command_line::flag("--all", all, "Remove all that no search uses"),
              command_line::flag("--json", json, "One JSON object a line; last_used is in seconds since 1970")});
  const auto page = parser.parse(arguments);
  const bool prunes = words == std::vector<std::string>{"prune"};
  const Result<fs::path> base = installation::cache_directory();
  std::string wrong = !page ? page.error().message : base ? "" : base.error().message;
  if (page && !*page && ((!words.empty() && !prunes) || (all && !prunes) || (json && prunes))) {
    wrong = "it is 'trees [--json]' or 'trees prune [--all]'";
  }
  if (!wrong.empty()) {
    output::complain(program.name, wrong);
    return run::exit_usage;
  }
  if (*page) return run::print_page(program, **page);
  return run::print_page(program, prunes ? prune(*base, all) : list(*base, json));
}

}  // namespace nmz::nmzbisect
