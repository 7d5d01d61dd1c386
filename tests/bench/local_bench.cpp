// Figures of nmzswarm on this machine's own processes, each beside its goal and beside what users have today.
//
//     local_bench [--runs N] [--only NAME]
//
//   rate     10,000 workloads `true` on 2 workers; GNU parallel and xargs do the same in the same run
//   killed   what a worker that is killed, or stops answering, costs: its lease and one test at most
#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "measurement.hpp"
#include "support/temp_directory.hpp"

namespace nmz::bench {
namespace {

namespace fs = std::filesystem;

std::string list_of(std::size_t length, const std::string& word) {
  std::string list;
  for (std::size_t i = 0; i < length; ++i) list += fmt::format("{} {}\n", word, i);
  return list;
}

support::Program swarm(const fs::path& place, const std::vector<std::string>& arguments) {
  support::Program program{{NMZ_NMZSWARM, "-q", "--orchestrator", "local", "--no-history", "--workloads", "-",
                            "--replicas", "2", "--log-dir", (place / "logs").string()}};
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  for (const char* name : {"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"}) {
    program.env.push_back(fmt::format("{}={}", name, (place / name).string()));
  }
  program.timeout = std::chrono::minutes{5};
  return program;
}

double rate_of(support::Program program, std::size_t workloads) {
  program.input = list_of(workloads, "workload");
  return static_cast<double>(workloads) / Seconds{run(program).duration}.count();
}

void rate(std::size_t runs) {
  constexpr std::size_t workloads = 10'000;
  constexpr std::size_t for_parallel = 1000;  // it is slow, and its rate does not depend on the number
  constexpr double times_parallel = 4;
  constexpr double of_xargs = 1.5;
  std::vector<double> ours;
  std::vector<double> parallels;
  std::vector<double> xargs;
  // Removed at the end only: where files were just removed, ext4 takes ten times as long to make new ones.
  const support::TempDirectory directory{"local-bench"};
  for (std::size_t i = 0; i < runs; ++i) {
    const fs::path place = directory.path() / std::to_string(i);
    fs::create_directory(place);
    ours.push_back(rate_of(swarm(place, {"--", "true"}), workloads));
    support::Program parallel{{"parallel", "-j2", "true"}};
    parallel.env = {"HOME=" + place.string()};
    parallels.push_back(rate_of(parallel, for_parallel));
    xargs.push_back(rate_of(support::Program{{"xargs", "-P2", "-d", "\\n", "-n1", "true"}}, workloads));
  }
  fmt::print("{} workloads `true`, 2 workers; {} runs\n", workloads, runs);
  print_figure("nmzswarm", ours, "/s", std::nullopt, 0);
  print_figure(fmt::format("GNU parallel ({} workloads)", for_parallel), parallels, "/s", std::nullopt, 0);
  print_figure("xargs -P2", xargs, "/s", std::nullopt, 0);
  print_figure("nmzswarm by GNU parallel", {median(ours) / median(parallels)}, "x", at_least(times_parallel));
  print_figure("xargs by nmzswarm", {median(xargs) / median(ours)}, "x", at_most(of_xargs));
}

std::string read_line(const fs::path& file) {
  std::ifstream in{file};
  std::string line;
  std::getline(in, line);
  return line;
}

/// Processes of that parent.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  for (const auto& entry : fs::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    // PID (NAME) STATE PARENT ..., where the name may hold anything.
    const std::string stat = read_line(entry.path() / "stat");
    const std::size_t after = stat.rfind(") ");
    if (after == std::string::npos) continue;
    if (std::stoi(stat.substr(after + 4)) == parent) children.push_back(std::stoi(name));
  }
  return children;
}

/// How long the run takes when one of its two agents gets this signal on the way; 0: none does.
double disturbed(int signal) {
  constexpr std::size_t workloads = 40;
  constexpr auto when = std::chrono::milliseconds{1100};
  const support::TempDirectory place{"local-bench"};
  support::Program program = swarm(place.path(), {"--", "sh"});
  program.input = list_of(workloads, "sleep 0.25; :");
  auto running = std::async(std::launch::async, [program] { return run(program); });
  std::this_thread::sleep_for(when);
  if (signal != 0) {
    const std::vector<pid_t> programs = children_of(::getpid());
    const std::vector<pid_t> agents = programs.size() == 1 ? children_of(programs.front()) : programs;
    if (agents.size() != 2) throw std::runtime_error("nmzswarm does not have two agents");
    ::kill(agents.front(), signal);
  }
  return Seconds{running.get().duration}.count();
}

void killed(std::size_t runs) {
  constexpr double test = 0.25;
  constexpr double lease = 10;
  fmt::print("a worker in trouble, 40 workloads of {} s on 2 workers, lease {} s; {} runs\n", test, lease, runs);
  std::vector<double> undisturbed;
  std::vector<double> by_kill;
  std::vector<double> by_stop;
  for (std::size_t i = 0; i < runs; ++i) {
    undisturbed.push_back(disturbed(0));
    by_kill.push_back(disturbed(SIGKILL) - undisturbed.back());
    by_stop.push_back(disturbed(SIGSTOP) - undisturbed.back());
  }
  print_figure("undisturbed", undisturbed, "s");
  print_figure("killed: later by", by_kill, "s", at_most(lease + test));
  print_figure("does not answer any more: later by", by_stop, "s", at_most(lease + test));
}

}  // namespace
}  // namespace nmz::bench

int main(int argc, char** argv) {
  try {
    const nmz::bench::Choice choice = nmz::bench::parse_choice(argc, argv);
    nmz::bench::measure(
        {{"rate", [&] { nmz::bench::rate(choice.runs); }}, {"killed", [&] { nmz::bench::killed(choice.runs); }}},
        choice);
  } catch (const std::exception& error) {
    fmt::print(stderr, "local_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
