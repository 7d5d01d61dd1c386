// How long does it take to read a range of history, and how much memory, beside git's own listing of it?
//
//     range_bench --repo DIR [GOOD BAD]   a real one; without ends: everything but the oldest root, up to HEAD
//     range_bench [--commits N]           a generated one with merges (default 1000000)
//
// To reach: within twice the time of `git rev-list --parents --topo-order`, under 1 GiB for a million commits.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"

#include "support/random_history.hpp"
#include "support/scratch_repository.hpp"

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nmz::support::ScratchRepository;

struct Options {
  std::string repository;
  std::string good;
  std::string bad = "HEAD";
  std::size_t commits = 1'000'000;
};

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// In a process of its own, so that our peak of memory is the range's.
void generate(const fs::path& directory, std::size_t commits) {
  const pid_t child = ::fork();
  if (child == 0) {
    ScratchRepository scratch{{"--bare"}};
    nmz::support::HistoryShape shape;
    shape.window = 6;
    constexpr std::size_t piece = 50'000;
    for (std::size_t done = 0; done < commits; done += piece) {
      shape.commits = std::min(piece, commits - done);
      std::vector<nmz::support::ScratchCommit> history = nmz::support::random_history(done + 1, shape);
      for (nmz::support::ScratchCommit& commit : history) {
        std::ranges::for_each(commit.parents, [&](std::size_t& parent) { parent += done; });
        commit.removed.clear();
      }
      for (std::size_t i = 0; i < history.size(); ++i) {
        if (done + i > 0) {  // one line of first parents through it all, so that every commit is in the range
          std::erase(history[i].parents, done + i - 1);
          history[i].parents.insert(history[i].parents.begin(), done + i - 1);
        }
      }
      scratch.add(history);
    }
    fs::rename(scratch.path(), directory);
    std::_Exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
}

/// The time git takes to list the same, thrown away.
double git_seconds(const fs::path& repository, const std::string& good, const std::string& bad) {
  nmz::support::Program program{
      {"sh", "-c", R"(git rev-list --parents --topo-order "$1" "^$2" > /dev/null)", "sh", bad, good}};
  program.directory = repository;
  program.timeout = std::chrono::minutes{10};
  const auto begin = Clock::now();
  static_cast<void>(nmz::support::run_program(program));
  return seconds_since(begin);
}

int measure(const fs::path& directory, const Options& options) {
  const auto repository = nmz::git::Repository::open(directory);
  if (!repository) {
    fmt::print(stderr, "{}\n", repository.error().message);
    return 1;
  }
  std::string good = options.good;
  if (good.empty()) {
    good = ScratchRepository::git_in(directory, {"rev-list", "--max-parents=0", "--reverse", "--topo-order", "HEAD"});
    good.resize(std::min(good.find('\n'), good.size()));
  }
  nmz::git::RangeRequest request;
  request.goods = {good};
  request.bad = options.bad;
  for (int round = 0; round < 3; ++round) {
    const double git = git_seconds(directory, good, options.bad);
    const auto begin = Clock::now();
    const auto range = nmz::git::read_range(*repository, request);
    const double ours = seconds_since(begin);
    if (!range) {
      fmt::print(stderr, "{}\n", range.error().message);
      return 1;
    }
    fmt::print("{} commits: git rev-list {:.2f} s, read_range {:.2f} s ({:.2f} times), peak {:.0f} MB\n",
               range->graph.size(), git, ours, ours / git, peak_megabytes());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::vector<std::string> ends;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word{argv[i]};
    if (word == "--repo" && i + 1 < argc) {
      options.repository = argv[++i];
    } else if (word == "--commits" && i + 1 < argc) {
      options.commits = std::strtoull(argv[++i], nullptr, 10);
    } else {
      ends.emplace_back(word);
    }
  }
  if (ends.size() == 2) {
    options.good = ends[0];
    options.bad = ends[1];
  }
  if (!options.repository.empty()) {
    return measure(options.repository, options);
  }
  const nmz::support::TempDirectory directory{"range-bench"};
  generate(directory.path() / "repository", options.commits);
  return measure(directory.path() / "repository", options);
}
