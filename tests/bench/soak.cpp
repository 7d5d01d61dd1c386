#include "soak.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "hostile_run.hpp"
#include "journal.hpp"
#include "suite_run.hpp"

namespace nmz::bench {
namespace {

using Clock = std::chrono::steady_clock;
using simulation::Witness;

struct Span {
  std::uint64_t first = 1;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  std::optional<std::chrono::minutes> time;
};

struct World {
  std::string_view name;
  void (*run)(std::uint64_t, const Witness&);
};

constexpr std::array<World, 3> worlds{{
    {"list", [](std::uint64_t seed, const Witness& witness) { simulation::run_list(seed, witness); }},
    {"suite",
     [](std::uint64_t seed, const Witness& witness) { simulation::run_suite(seed, witness).demand_right_results(); }},
    {"bisect", [](std::uint64_t seed, const Witness& witness) { simulation::run_bisect(seed, witness); }},
}};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument(fmt::format("not a number: '{}'", text));
  }
  return value;
}

void read_seeds(std::string_view text, Span& span) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) throw std::invalid_argument("--seeds takes A..B");
  span.first = number(text.substr(0, dots));
  span.last = number(text.substr(dots + 2));
  if (span.last < span.first) throw std::invalid_argument("--seeds: the last comes before the first");
}

Span read(std::span<const std::string> arguments) {
  constexpr std::uint64_t most_minutes = 1'000'000;
  Span span;
  for (std::size_t at = 0; at < arguments.size(); at += 2) {
    if (at + 1 == arguments.size()) throw std::invalid_argument(arguments[at] + " takes a value");
    if (arguments[at] == "--seeds") {
      read_seeds(arguments[at + 1], span);
    } else if (arguments[at] == "--minutes") {
      const std::uint64_t minutes = number(arguments[at + 1]);
      if (minutes > most_minutes) throw std::invalid_argument("--minutes: that is too long");
      span.time = std::chrono::minutes{static_cast<std::int64_t>(minutes)};
    } else {
      throw std::invalid_argument("no such option: " + arguments[at]);
    }
  }
  return span;
}

void print_violation(const World& world, std::uint64_t seed, const char* rule, std::ostream& out) {
  out << fmt::format("{} seed {}: {}\n", world.name, seed, rule)
      << "the events (>), what was reported (=) and done (<), by the second:\n";
  const Witness print = [&out](std::span<const dispatch::Event> events, const dispatch::Step& step,
                               dispatch::Time now) { simulation::write_step(out, events, step, now); };
  try {
    world.run(seed, print);
    out << "this time no rule was broken: a run does not depend on its seed alone\n";
  } catch (const std::exception& again) {
    out << fmt::format("{} seed {}: {}\n", world.name, seed, again.what());
  }
  out << fmt::format("to see it again: simulation_bench --seeds {}..{}\n", seed, seed);
}

}  // namespace

int soak(const std::vector<std::string>& arguments, std::ostream& out) {
  const Span span = read(arguments);
  const auto begin = Clock::now();
  std::uint64_t runs = 0;
  std::uint64_t seed = span.first;
  const auto time_is_up = [&] { return span.time && Clock::now() - begin >= *span.time; };
  for (bool more = true; more; more = seed != span.last && !time_is_up(), seed += more ? 1U : 0U) {
    for (const World& world : worlds) {
      ++runs;
      try {
        world.run(seed, {});
      } catch (const std::exception& broken) {
        print_violation(world, seed, broken.what(), out);
        return 1;
      }
    }
  }
  const double minutes = std::chrono::duration<double, std::ratio<60>>(Clock::now() - begin).count();
  out << fmt::format("seeds {}..{}: {} runs, no rule broken, {:.0f} runs a minute\n", span.first, seed, runs,
                     static_cast<double>(runs) / minutes);
  return 0;
}

}  // namespace nmz::bench
