// Whole-program figures of nmzswarm and nmzbisect in containers, on real Engines.
//
//     scripts/swarm-lab with --swarm   -- cluster_bench [--runs N] [--only NAME]    all but the tree
//     scripts/swarm-lab with --nodes 2 -- cluster_bench [--runs N]                  the tree, which needs two nodes
//
//   dummy    example/dummy on 10 replicas, the whole command, and where its time goes
//   true     1000 workloads that do nothing, on 10 replicas
//   skewed   40 workloads of 0.1 to 4 s on 8 replicas
//   bisect   the same search on local workers, in plain containers and on a Swarm
//   logs     workloads that print 200 MB in all: memory
//   tree     a commit of 100 MB on 4 workers of 2 nodes: what crosses the Engine's connection
//
// Each figure is beside its goal. They are for an idle machine of 2 CPUs on which `docker run` of `true` takes 0.207 s.
// What the dummy takes beyond its longest workload is also given in such runs of this machine.
#include <algorithm>
#include <exception>
#include <map>
#include <queue>
#include <sstream>

#include <fmt/format.h>

#include "cluster_lab.hpp"
#include "cluster_transfer.hpp"

namespace nmz::bench {
namespace {

using Split = std::vector<std::pair<std::string, double>>;

/// When containers of workers were started, in seconds since the command's start.
std::vector<double> task_starts(const Measured& measured) {
  const auto stamp = [](std::chrono::system_clock::time_point time) {
    return fmt::format("{:.6f}", Seconds{time.time_since_epoch()}.count());
  };
  const auto end = measured.start + std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds{measured.wall});
  std::istringstream lines{
      docker({"events", "--since", stamp(measured.start), "--until", stamp(end), "--filter", "type=container",
              "--filter", "event=start", "--filter", "label=net.osrg.namazu-swarm.run", "--format",
              "{{.TimeNano}} {{index .Actor.Attributes \"name\"}}"})};
  std::vector<double> starts;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("relay") != std::string::npos) continue;
    const std::chrono::nanoseconds at{std::stoll(line)};
    starts.push_back(Seconds{at - measured.start.time_since_epoch()}.count());
  }
  return starts;
}

/// The points in time that a run passed, in seconds since the command's start.
Split split_of(const Measured& measured) {
  const double zero = measured.before_events();
  Split split{{"image looked up", zero}};
  for (const char* name : {"service created", "relay ready"}) {
    if (const auto at = phase(measured.events, name)) split.emplace_back(name, zero + *at);
  }
  const std::vector<double> starts = task_starts(measured);
  if (!starts.empty()) split.emplace_back("first task", std::ranges::min(starts));
  const std::vector<double> ready = numbers(measured.events, "worker-ready");
  split.emplace_back("first agent", zero + ready.front());
  split.emplace_back("first workload begins", zero + numbers(measured.events, "workload-started").front());
  if (!starts.empty()) split.emplace_back("last task", std::ranges::max(starts));
  split.emplace_back("last agent", zero + ready.back());
  split.emplace_back("last workload ended", zero + numbers(measured.events, "workload-done").back());
  split.emplace_back("cleaned up", zero + phase(measured.events, "cleaned up").value_or(0));
  return split;
}

void print_split(const std::vector<Split>& splits) {
  std::string line;
  for (const auto& [name, ignored] : splits.front()) {
    std::vector<double> values;
    for (const Split& split : splits) {
      for (const auto& [other, at] : split) {
        if (other == name) values.push_back(at);
      }
    }
    line += fmt::format("{}{} {:.2f}", line.empty() ? "" : ", ", name, median(values));
  }
  fmt::print("      {}\n", line);
}

std::vector<std::string> dummy_command(Lab& lab, std::vector<std::string> more) {
  std::vector<std::string> arguments{"-source", "dummy", "-replicas", "10", "--log-dir", lab.fresh("logs").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

constexpr double longest_workload = 5;
constexpr double docker_run_of_the_goals = 0.207;

double docker_run() {
  const auto began = std::chrono::steady_clock::now();
  docker({"run", "--rm", "busybox", "true"});
  return Seconds{std::chrono::steady_clock::now() - began}.count();
}

void dummy(Lab& lab, std::size_t runs) {
  docker({"build", "--quiet", "--tag", "dummy", NMZ_EXAMPLE_DUMMY});
  fmt::print("nmzswarm -source dummy -replicas 10: the whole command, longest workload 5 s; medians of {} runs\n",
             runs);
  const auto print = [&](const std::string& title, double goal, const auto& once) {
    std::vector<double> walls;
    std::vector<double> docker_runs;
    std::vector<Split> splits;
    for (std::size_t i = 0; i < runs; ++i) {
      docker_runs.push_back(docker_run());
      const Measured measured = once();
      walls.push_back(measured.wall);
      splits.push_back(split_of(measured));
    }
    print_figure(title, walls, "s", at_most(goal));
    fmt::print("      beyond the longest workload {:.1f} times docker run, which took {:.2f} s; goal <= {:.1f} times\n",
               (median(walls) - longest_workload) / median(docker_runs), median(docker_runs),
               (goal - longest_workload) / docker_run_of_the_goals);
    print_split(splits);
  };
  const std::string history = lab.fresh("history").string();
  print("plain containers", 6, [&] { return lab.swarm(plain_containers(), dummy_command(lab, {"--no-history"})); });
  print("Swarm", 7, [&] { return lab.swarm(swarm(), dummy_command(lab, {"--no-history"})); });
  static_cast<void>(lab.swarm(plain_containers(), dummy_command(lab, {"--history", history})));
  print("Swarm, durations known", 6.5, [&] { return lab.swarm(swarm(), dummy_command(lab, {"--history", history})); });
}

constexpr std::size_t many = 1000;
constexpr std::size_t many_workers = 10;

std::vector<std::string> nothings(const std::string& before) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < many; ++i) list.push_back(fmt::format("{}true # {}", before, i));
  return list;
}

/// Workloads a second from the moment when all workers were there.
double warm_rate(Lab& lab, const Place& place) {
  const Gate gate{lab.fresh("gate"), many_workers};
  const std::string mount = "type=bind,source=" + gate.directory().string() + ",target=" + gate.directory().string();
  const Measured measured =
      lab.swarm(place, nothings(gate.script() + "; "),
                {"-replicas", std::to_string(many_workers), "--mount", mount, "--log-dir", lab.fresh("logs").string()});
  std::vector<double> ends = numbers(measured.events, "workload-done");
  std::ranges::sort(ends);
  return static_cast<double>(many - many_workers) / (ends.back() - ends.at(many_workers - 1));
}

double whole_command(Lab& lab, const Place& place, std::vector<std::string> options) {
  options.insert(options.end(), {"-replicas", std::to_string(many_workers), "--log-dir", lab.fresh("logs").string()});
  return lab.swarm(place, nothings(""), options).wall;
}

double with_xargs() {
  support::Program program{{"xargs", "-d", "\\n", "-P10", "-n1", "sh", "-c"}};
  for (const std::string& line : nothings("")) program.input += line + "\n";
  return Seconds{run(program).duration}.count();
}

void true_(Lab& lab, std::size_t runs) {
  fmt::print("{} workloads `true`, {} replicas; medians of {} runs\n", many, many_workers, runs);
  const auto print = [runs](const std::string& title, const char* unit, std::optional<Goal> goal, const auto& once) {
    std::vector<double> values;
    for (std::size_t i = 0; i < runs; ++i) values.push_back(once());
    print_figure(title, values, unit, goal, goal && goal->way == Goal::Way::at_least ? 0 : 2);
  };
  for (const Place* place : {&plain_containers(), &swarm()}) {
    print(place->title + ", once the workers are up", "/s", at_least(700), [&] { return warm_rate(lab, *place); });
    print(place->title + ", whole command", "s", std::nullopt, [&] { return whole_command(lab, *place, {}); });
    print(place->title + ", -chunks 10, whole command", "s", at_most(4.5), [&] {
      return whole_command(lab, *place, {"-chunks", "10"});
    });
  }
  print("xargs -P10, no containers", "s", std::nullopt, with_xargs);
}

/// Drawn once: 40 numbers evenly spread on a logarithmic scale, in an order that is bad for whoever keeps it.
const std::vector<double>& skewed_durations() {
  static const std::vector<double> durations{4.0,  0.87, 2.93, 0.33, 0.14, 2.39, 0.11, 0.96, 0.15, 0.3,
                                             0.1,  0.12, 3.61, 3.25, 0.44, 0.65, 0.4,  1.94, 0.17, 0.27,
                                             1.59, 0.36, 0.21, 2.15, 0.53, 1.3,  0.71, 0.19, 1.76, 0.25,
                                             0.48, 0.23, 0.12, 2.64, 1.43, 0.79, 0.14, 0.16, 1.17, 1.06};
  return durations;
}

double in_list_order(std::size_t workers) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  for (std::size_t i = 0; i < workers; ++i) free_at.push(0);
  double end = 0;
  for (const double duration : skewed_durations()) {
    const double done = free_at.top() + duration;
    free_at.pop();
    free_at.push(done);
    end = std::max(end, done);
  }
  return end;
}

void skewed(Lab& lab, std::size_t runs) {
  constexpr std::size_t workers = 8;
  double sum = 0;
  std::vector<std::string> list;
  for (const double duration : skewed_durations()) {
    sum += duration;
    list.push_back(fmt::format("sleep {}; : {}", duration, list.size()));
  }
  fmt::print("40 workloads of 0.1 to 4 s, sum {:.1f} s, {} replicas: bound {:.2f} s, in list order {:.2f} s\n", sum,
             workers, sum / workers, in_list_order(workers));
  std::vector<double> walls;
  for (std::size_t i = 0; i < runs; ++i) {
    const std::vector<std::string> options{"-replicas", std::to_string(workers), "--log-dir",
                                           lab.fresh("logs").string()};
    walls.push_back(lab.swarm(swarm(), list, options).wall);
  }
  print_figure("Swarm, whole command", walls, "s", at_most(8.5));
}

std::vector<Case> cases(Lab& lab, std::size_t runs) {
  if (lab.nodes() > 1) {
    return {{"logs", [&lab, runs] { logs(lab, runs); }}, {"tree", [&lab, runs] { tree(lab, runs); }}};
  }
  return {{"logs", [&lab, runs] { logs(lab, runs); }},
          {"dummy", [&lab, runs] { dummy(lab, runs); }},
          {"true", [&lab, runs] { true_(lab, runs); }},
          {"skewed", [&lab, runs] { skewed(lab, runs); }},
          {"bisect", [&lab, runs] { bisect(lab, runs); }}};
}

}  // namespace
}  // namespace nmz::bench

int main(int argc, char** argv) {
  try {
    const nmz::bench::Choice choice = nmz::bench::parse_choice(argc, argv);
    nmz::bench::Lab lab;
    nmz::bench::print_load();
    nmz::bench::measure(nmz::bench::cases(lab, choice.runs), choice);
    if (lab.nodes() == 1 && choice.only.empty()) fmt::print("tree: with scripts/swarm-lab with --nodes 2\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "cluster_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
