#include "cluster_transfer.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "engine_proxy.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::bench {
namespace fs = std::filesystem;
namespace {

constexpr double megabyte = 1e6;

/// `length` commits that differ in a number; `files` are in all of them.
std::vector<support::ScratchCommit> line(std::size_t length, std::size_t first = 0) {
  std::vector<support::ScratchCommit> commits;
  for (std::size_t i = first; i < first + length; ++i) {
    std::vector<std::size_t> parents;
    if (i > 0) parents.push_back(i - 1);
    commits.emplace_back(parents, std::map<std::string, support::ScratchFile>{{"number", std::to_string(i) + "\n"}});
  }
  return commits;
}

/// nmzbisect in the repository, on its whole line. Throws if it finds another culprit.
Measured search(Lab& lab, const support::ScratchRepository& repository, const std::vector<std::string>& options,
                const std::string& test, std::size_t culprit, std::vector<std::string> env = {}) {
  const fs::path events = lab.fresh("events");
  std::vector<std::string> argv{
      NMZ_NMZBISECT, "-q", "--no-cache", "--json", events.string(), "--log-dir", lab.fresh("logs").string()};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.insert(argv.end(), {repository.ids().front() + ".." + repository.ids().back(), "--", "sh", "-c",
                           fmt::format("{}; test $(cat number) -lt {}", test, culprit)});
  support::Program program{std::move(argv)};
  program.directory = repository.path();
  program.env = std::move(env);
  Measured measured = lab.program(std::move(program), events);
  if (!measured.ended.out.starts_with(repository.ids().at(culprit))) {
    throw std::runtime_error("wrong culprit: " + measured.ended.out);
  }
  return measured;
}

/// From the moment when all workers were there to the last verdict. Nobody gets to its first test before that moment.
double search_time(const Measured& measured, double test) {
  std::vector<double> verdicts;
  for (const auto& event : measured.events) {
    if (event.at("event") != "job-done") continue;
    const auto& word = event.at("verdict").as_string();
    if (word == "good" || word == "bad") verdicts.push_back(event.at("time").to_number<double>());
  }
  return test + std::ranges::max(verdicts) - std::ranges::min(verdicts);
}

double mean(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

/// Throws unless so many workers on so many nodes have run a test.
void check_spread(const Measured& measured, std::size_t workers, std::size_t nodes) {
  std::set<std::int64_t> who;
  std::set<std::string> where;
  for (const auto& event : measured.events) {
    if (event.at("event") != "job-done" || event.at("log").as_string().empty()) continue;
    who.insert(event.at("worker").to_number<std::int64_t>());
    where.insert(support::read_file(event.at("log").as_string().c_str()));
  }
  if (who.size() == workers && where.size() == nodes) return;
  throw std::runtime_error(fmt::format("only {} workers on {} nodes took part", who.size(), where.size()));
}

}  // namespace

/// A search takes whole rounds, one more or less by where its culprit is: several culprits, and the mean.
void bisect(Lab& lab, std::size_t least_runs) {
  constexpr std::size_t culprits = 15;
  const std::size_t runs = std::max(least_runs, culprits);
  constexpr std::size_t commits = 1001;
  constexpr std::size_t workers = 8;
  constexpr double behind = 1.1;
  support::ScratchRepository repository;
  repository.add_and_checkout(line(commits));
  const std::vector<std::pair<std::string, std::vector<std::string>>> places{
      {"local", {"--jobs", std::to_string(workers)}},
      {"plain containers", {"--image", "busybox", "-replicas", std::to_string(workers), "--orchestrator", "docker"}},
      {"Swarm", {"--image", "busybox", "-replicas", std::to_string(workers), "--orchestrator", "swarm"}}};
  fmt::print("nmzbisect, 1000 commits, `sleep 0.5`, {} workers, once the workers are up; {} runs\n", workers, runs);
  double local = 0;
  for (const auto& [title, options] : places) {
    std::vector<double> times;
    std::vector<double> walls;
    for (std::size_t i = 0; i < runs; ++i) {
      const Gate gate{lab.fresh("gate"), workers};
      const std::string place = gate.directory().string();
      std::vector<std::string> all = options;
      if (title != "local") all.insert(all.end(), {"--mount", "type=bind,source=" + place + ",target=" + place});
      const std::size_t culprit = 1 + (i * 389 + 137) % (commits - 1);
      const Measured measured = search(lab, repository, all, gate.script() + "; sleep 0.5", culprit);
      times.push_back(search_time(measured, 0.5));
      walls.push_back(measured.wall);
    }
    print_figure(title, times, "s");
    if (title == "local") {
      local = mean(times);
    } else {
      print_figure("  by local, means", {mean(times) / local}, "x", at_most(behind));
      print_figure("  whole command", walls, "s");
    }
  }
}

void logs(Lab& lab, std::size_t runs) {
  constexpr std::size_t workloads = 20;
  constexpr std::size_t bytes = 10'000'000;
  constexpr double most = 64 * 1024 * 1024 / megabyte;
  std::vector<std::string> loud;
  std::vector<std::string> silent;
  for (std::size_t i = 0; i < workloads; ++i) {
    loud.push_back(fmt::format("yes 'a line of a log, as long as such lines are: {}' | head -c {}", i, bytes));
    silent.push_back(fmt::format("true # {}", i));
  }
  fmt::print("{} workloads that print {:.0f} MB in all, 4 replicas; {} runs\n", workloads,
             static_cast<double>(workloads * bytes) / megabyte, runs);
  for (const Place* place : {&plain_containers(), &swarm()}) {
    std::vector<double> growth;
    std::vector<double> rates;
    for (std::size_t i = 0; i < runs; ++i) {
      const fs::path kept = lab.fresh("logs");
      const Measured quiet = lab.swarm(*place, silent, {"-replicas", "4", "--log-dir", lab.fresh("logs").string()});
      const Measured measured = lab.swarm(*place, loud, {"-replicas", "4", "--log-dir", kept.string()});
      growth.push_back((peak_memory(measured.ended) - peak_memory(quiet.ended)) / megabyte);
      const auto ends = numbers(measured.events, "workload-done");
      const double took = ends.back() - numbers(measured.events, "workload-started").front();
      rates.push_back(static_cast<double>(workloads * bytes) / megabyte / took);
      std::uintmax_t size = 0;
      for (const auto& entry : fs::directory_iterator{kept}) {
        if (entry.path().extension() == ".log") size += entry.file_size();
      }
      if (size != workloads * bytes) throw std::runtime_error(fmt::format("{} bytes of logs came back", size));
      fs::remove_all(kept);
    }
    print_figure(place->title + ", more memory than without logs", growth, "MB", at_most(most), 1);
    print_figure(place->title + ", logs, start-up included", rates, "MB/s", std::nullopt, 0);
  }
}

void tree(Lab& lab, std::size_t runs) {
  constexpr std::size_t files = 100;
  constexpr std::size_t size = 1'000'000;
  constexpr std::size_t commits = 33;
  constexpr std::size_t workers = 4;
  constexpr double most = 1.1 * files * size / megabyte;
  support::ScratchRepository repository;
  std::vector<support::ScratchCommit> first = line(1);
  std::mt19937_64 random{1};
  for (std::size_t file = 0; file < files; ++file) {
    std::string content(size, '\0');
    for (char& byte : content) byte = static_cast<char>(random());
    first.front().files.emplace(fmt::format("file-{}", file), std::move(content));
  }
  repository.add(first);
  repository.add_and_checkout(line(commits - 1, 1));
  fmt::print("nmzbisect, a tree of {:.0f} MB in files that cannot be compressed, {} workers on {} nodes; {} runs\n",
             static_cast<double>(files * size) / megabyte, workers, lab.nodes(), runs);
  std::vector<double> sent;
  std::vector<double> walls;
  for (std::size_t i = 0; i < runs; ++i) {
    const fs::path socket = lab.fresh("engine.sock");
    const EngineProxy proxy{socket, lab.engine()};
    // In strict rounds all workers get the tree for the first one, and nothing is cancelled on the way.
    const std::vector<std::string> options{"--image",        "busybox", "-replicas",  std::to_string(workers),
                                           "--orchestrator", "swarm",   "--strategy", "rounds"};
    const Measured measured =
        search(lab, repository, options, "echo on $NMZ_NODE", 17, {"DOCKER_HOST=unix://" + socket.string()});
    check_spread(measured, workers, lab.nodes());
    sent.push_back(static_cast<double>(proxy.to_engine()) / megabyte);
    walls.push_back(measured.wall);
  }
  print_figure("sent to the Engine", sent, "MB", at_most(most), 1);
  print_figure("whole command", walls, "s");
}

}  // namespace nmz::bench
