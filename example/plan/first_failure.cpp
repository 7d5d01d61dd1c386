// A plan of one's own: the first number for which a command fails. first_failure 1000 sh -c 'test $NUMBER -lt 237'
#include <cstdio>
#include <cstdlib>
#include <set>

#include "nmz/coordinator/conduct.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/orchestrator/local.hpp"
using nmz::dispatch::Subject;

struct FirstFailure final : nmz::dispatch::Plan, nmz::coordinator::WorkSource {
  /// Evenly between what is known, for the free workers and those that run.
  std::vector<Subject> next(std::size_t count) override {
    std::vector<Subject> chosen;
    const std::size_t parts = running.size() + count + 1;
    for (std::size_t part = 1; part < parts && chosen.size() < count; ++part) {
      const auto number = static_cast<Subject>(passes + (fails - passes) * part / parts);
      if (number > passes && running.insert(number).second) chosen.push_back(number);
    }
    return chosen;
  }
  void record(Subject number, const nmz::job::Outcome& outcome) override {
    running.erase(number);
    const bool passed = outcome.kind == nmz::job::OutcomeKind::exited && outcome.code == 0;
    if (number > passes && number < fails) (passed ? passes : fails) = number;
  }
  void give_back(Subject number) override { running.erase(number); }
  std::vector<Subject> pointless() const override {
    std::vector<Subject> numbers{running.begin(), running.end()};
    std::erase_if(numbers, [this](Subject number) { return number > passes && number < fails; });
    return numbers;
  }
  bool finished() const override { return fails - passes == 1; }
  nmz::wire::Run run(const nmz::dispatch::Assign& assignment) override {
    command.env = {"NUMBER=" + std::to_string(assignment.subject)};
    return command;
  }
  Subject passes = 0, fails = 0;
  std::set<Subject> running;
  nmz::wire::Run command;
};

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: first_failure N COMMAND [ARG...]\n", stderr), 2;
  FirstFailure search;
  search.fails = static_cast<Subject>(std::strtoul(argv[1], nullptr, 10)) + 1;
  search.command.argv.assign(argv + 2, argv + argc);
  boost::asio::io_context io;
  nmz::coordinator::Signals signals{io};
  nmz::orchestrator::LocalOptions processes;
  processes.agent = nmz::installation::find_agent().value();
  nmz::orchestrator::Local workers{io.get_executor(), processes};
  nmz::coordinator::Options options;
  options.workers = nmz::orchestrator::local_cpus();
  nmz::coordinator::Observer nobody;
  const auto end = nmz::coordinator::conduct(io, signals, {search, workers, search, nobody}, options, [] {});
  if (end.why == nmz::dispatch::Stop::Why::finished) return std::printf("%u\n", search.fails), 0;
  return std::fprintf(stderr, "stopped: %s\n", end.reason.c_str()), 1;
}
