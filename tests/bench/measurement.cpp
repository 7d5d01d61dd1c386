#include "measurement.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>

#include "support/temp_directory.hpp"

namespace nmz::bench {
namespace fs = std::filesystem;
namespace json = boost::json;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

void print_load() {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) throw std::runtime_error("the load is not known");
  fmt::print("{} CPUs, load {:.1f} at the beginning\n", std::thread::hardware_concurrency(), load);
}

void print_figure(std::string_view what, const std::vector<double>& values, std::string_view unit,
                  std::optional<Goal> goal, int decimals) {
  const bool low_is_good = goal ? goal->way == Goal::Way::at_most : !unit.ends_with("/s");
  const double best = low_is_good ? std::ranges::min(values) : std::ranges::max(values);
  const double middle = median(values);
  fmt::print("  {:<44} best {:8.{}f}  median {:8.{}f} {}", what, best, decimals, middle, decimals, unit);
  if (goal) {
    const bool reached = low_is_good ? middle <= goal->value : middle >= goal->value;
    fmt::print("   goal {} {:g}: {}", low_is_good ? "<=" : ">=", goal->value, reached ? "reached" : "MISSED");
  }
  fmt::print("\n");
  static_cast<void>(std::fflush(stdout));
}

support::Ended run(const support::Program& program) {
  support::Ended ended = support::run_program(program);
  if (ended.exit_code == 0) return ended;
  std::string command;
  for (const std::string& word : program.argv) command += word + ' ';
  const char* const how = ended.timed_out ? "did not end in time" : "failed";
  throw std::runtime_error(fmt::format("{}{}:\n{}{}", command, how, ended.out, ended.err));
}

support::Ended run(std::vector<std::string> argv) {
  support::Program program{std::move(argv)};
  program.timeout = std::chrono::minutes{5};
  return run(program);
}

Events read_events(const fs::path& file) {
  std::istringstream lines{support::read_file(file)};
  Events events;
  for (std::string line; std::getline(lines, line);) events.push_back(json::parse(line).as_object());
  return events;
}

std::vector<double> numbers(const Events& events, std::string_view event, std::string_view member) {
  std::vector<double> values;
  for (const json::object& one : events) {
    if (one.at("event").as_string() == event) values.push_back(one.at(member).to_number<double>());
  }
  return values;
}

std::optional<double> phase(const Events& events, std::string_view name) {
  for (const json::value& one : events.back().at("phases").as_array()) {
    if (one.at("phase").as_string() == name) return one.at("at").to_number<double>();
  }
  return std::nullopt;
}

double peak_memory(const support::Ended& ended) {
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  const double ours = static_cast<double>(own.ru_maxrss) * 1024;
  const auto peak = static_cast<double>(ended.peak_memory);
  if (peak <= ours) throw std::runtime_error(fmt::format("{:.0f} bytes of our own hide the program's peak", ours));
  return peak;
}

Gate::Gate(fs::path directory, std::size_t workers) : directory_{std::move(directory)} {
  constexpr std::size_t looks = 1500;
  const std::string place = directory_.string();
  fs::create_directories(directory_);
  // Containers may have another user than we are.
  fs::permissions(directory_, fs::perms::all);
  support::write_file(directory_ / "wait", fmt::format(": >{0}/worker-$NMZ_WORKER\n"
                                                       "looks=0\n"
                                                       "while [ ! -e {0}/open ]; do\n"
                                                       "  set -- {0}/worker-*\n"
                                                       "  if [ $# -ge {1} ]; then : >{0}/open; break; fi\n"
                                                       "  looks=$((looks + 1))\n"
                                                       "  [ $looks -lt {2} ] || exit 128\n"
                                                       "  sleep 0.02\n"
                                                       "done\n",
                                                       place, workers, looks));
}

std::string Gate::script() const { return fmt::format("[ -e {0}/open ] || . {0}/wait", directory_.string()); }

Choice parse_choice(int argc, char** argv) {
  Choice choice;
  const std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const bool known = words[i] == "--runs" || words[i] == "--only";
    if (!known || i + 1 == words.size()) throw std::runtime_error("usage: [--runs N] [--only NAME]");
    if (words[i] == "--runs") choice.runs = std::max<std::size_t>(std::stoul(words[i + 1]), 1);
    if (words[i] == "--only") choice.only = words[i + 1];
  }
  return choice;
}

void measure(const std::vector<Case>& cases, const Choice& choice) {
  std::string names;
  bool measured = false;
  for (const Case& one : cases) {
    names += " " + one.name;
    if (!choice.only.empty() && choice.only != one.name) continue;
    measured = true;
    one.measure();
  }
  if (!measured) throw std::runtime_error("there is no case '" + choice.only + "' here:" + names);
}

}  // namespace nmz::bench
