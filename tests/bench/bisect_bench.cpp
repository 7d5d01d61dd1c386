// Whole-program figures of nmzbisect on local workers, beside `git bisect run` on the same work in the same run.
//
//     bisect_bench [--runs N]
//
// 1. Wall time: a line of 1000 commits, a test that sleeps 0.5 s, 8 workers. The bound is four rounds of 0.5 s.
// 2. Overhead: one worker, 300 commits that are all skipped by a trivial test; the time from one verdict to the next,
//    less what the command itself took.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "support/run_program.hpp"
#include "support/scratch_repository.hpp"
#include "support/temp_directory.hpp"

namespace nmz {
namespace {

namespace fs = std::filesystem;
using Seconds = std::chrono::duration<double>;

std::vector<support::ScratchCommit> line(std::size_t length) {
  std::vector<support::ScratchCommit> commits;
  for (std::size_t i = 0; i < length; ++i) {
    std::vector<std::size_t> parents;
    if (i > 0) parents.push_back(i - 1);
    commits.emplace_back(parents, std::map<std::string, support::ScratchFile>{{"number", std::to_string(i) + "\n"}});
  }
  return commits;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

support::Ended run(const fs::path& directory, const std::vector<std::string>& argv) {
  support::Program program{argv};
  program.directory = directory;
  program.timeout = std::chrono::minutes{5};
  support::Ended ended = support::run_program(program);
  if (ended.timed_out || (ended.exit_code != 0 && ended.exit_code != 2 && ended.exit_code != 4)) {
    throw std::runtime_error(argv.front() + " failed: " + ended.err);
  }
  return ended;
}

std::string test_that_sleeps(std::size_t culprit) {
  return "sleep 0.5; test $(cat number) -lt " + std::to_string(culprit);
}

void wall_time(const fs::path& temp, std::size_t runs) {
  constexpr std::size_t length = 1001;
  constexpr double bound = 4 * 0.5;
  support::ScratchRepository repository;
  repository.add_and_checkout(line(length));
  const std::string range = repository.ids().front() + ".." + repository.ids().back();
  std::vector<double> ours;
  std::vector<double> gits;
  for (std::size_t i = 0; i < runs; ++i) {
    const std::size_t culprit = 1 + (i * 389 + 137) % (length - 1);
    const std::string test = test_that_sleeps(culprit);
    const auto found = run(repository.path(),
                           {NMZ_NMZBISECT, "-q", "--no-cache", "--jobs", "8", "--work-dir", (temp / "work").string(),
                            "--log-dir", (temp / "logs").string(), range, "--", "sh", "-c", test});
    ours.push_back(Seconds{found.duration}.count());
    const auto started = std::chrono::steady_clock::now();
    run(repository.path(), {"git", "bisect", "start", repository.ids().back(), repository.ids().front()});
    const auto serial = run(repository.path(), {"git", "bisect", "run", "sh", "-c", test});
    gits.push_back(Seconds{std::chrono::steady_clock::now() - started}.count());
    run(repository.path(), {"git", "bisect", "reset"});
    const std::string culprit_id = repository.ids().at(culprit);
    if (found.out.find(culprit_id) != 0 || serial.out.find(culprit_id + " is the first bad") == std::string::npos) {
      throw std::runtime_error("wrong culprit");
    }
  }
  fmt::print("wall time, 1000 commits, test = sleep 0.5, 8 workers, medians of {} runs\n", runs);
  fmt::print("  nmzbisect       {:6.2f} s   {:.2f} x (4 x 0.5 s), bound 1.15\n", median(ours), median(ours) / bound);
  fmt::print("  git bisect run  {:6.2f} s   {:.2f} x nmzbisect\n", median(gits), median(gits) / median(ours));
}

void overhead(const fs::path& temp) {
  constexpr std::size_t length = 301;
  support::ScratchRepository repository;
  repository.add_and_checkout(line(length));
  const fs::path events = temp / "events.json";
  run(repository.path(), {NMZ_NMZBISECT, "-q", "--no-cache", "--jobs", "1", "--work-dir", (temp / "work").string(),
                          "--log-dir", (temp / "logs").string(), "--json", events.string(), "--trust-ends",
                          repository.ids().front() + ".." + repository.ids().back(), "--", "sh", "-c", "exit 125"});
  std::istringstream lines{support::read_file(events)};
  std::vector<double> gaps;
  double before = -1;
  for (std::string text; std::getline(lines, text);) {
    const auto event = boost::json::parse(text).as_object();
    if (event.at("event") != "job-done") continue;
    const double now = event.at("time").to_number<double>();
    const double took = event.at("took").to_number<double>();
    if (before >= 0) gaps.push_back((now - before - took) * 1000);
    before = now;
  }
  fmt::print(
      "overhead of one more trivial test on a warm worker: median {:.2f} ms, highest {:.2f} ms ({} tests), bound "
      "5 ms\n",
      median(gaps), *std::max_element(gaps.begin(), gaps.end()), gaps.size());
}

}  // namespace
}  // namespace nmz

int main(int argc, char** argv) {
  try {
    std::size_t runs = 3;
    if (argc == 3 && std::string{argv[1]} == "--runs") runs = std::stoul(argv[2]);
    const nmz::support::TempDirectory temp;
    nmz::wall_time(temp.path(), runs);
    nmz::overhead(temp.path());
  } catch (const std::exception& error) {
    fmt::print(stderr, "bisect_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
