#include "trends.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace nmz::nmzswarm {
namespace {

constexpr std::size_t recent = 4;
constexpr double smallest_ratio = 1.2;  ///< what nobody would call slower
constexpr std::chrono::nanoseconds smallest_change = std::chrono::milliseconds{10};
constexpr double least_sure = 0.9;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// Twice the rank of each value: of equal ones the mean, which is a whole number then.
std::vector<std::size_t> doubled_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> ranks;
  ranks.reserve(values.size());
  for (const double value : values) {
    const auto less = std::ranges::count_if(values, [value](double other) { return other < value; });
    const auto same = std::ranges::count(values, value);
    ranks.push_back(static_cast<std::size_t>(2 * less + same + 1));
  }
  return ranks;
}

std::optional<Flaky> flaky(const history::Past& past) {
  Flaky result;
  result.workload = past.workload;
  result.runs = past.executions.size();
  for (std::size_t i = 0; i < past.executions.size(); ++i) {
    const bool passed = past.executions[i].passed;
    result.failures += passed ? 0U : 1U;
    result.changes += i > 0 && past.executions[i - 1].passed != passed ? 1U : 0U;
  }
  // One change is a test that was broken, or mended.
  return result.changes > 1 ? std::optional{result} : std::nullopt;
}

struct Candidate {
  Slower slower;
  double chance = 1;
};

std::optional<Candidate> compared(const history::Past& past) {
  std::vector<double> took;
  for (const history::Execution& one : past.executions) {
    if (one.passed) took.push_back(static_cast<double>(one.took.count()));
  }
  if (took.size() < 2 * recent) return std::nullopt;
  const std::span all{took};
  const auto earlier = all.first(took.size() - recent);
  const auto later = all.last(recent);
  Candidate result;
  result.chance = chance_of_being_larger(earlier, later);
  result.slower.workload = past.workload;
  const auto middle = [](std::span<const double> of) {
    return std::chrono::nanoseconds{std::llround(median({of.begin(), of.end()}))};
  };
  result.slower.before = middle(earlier);
  result.slower.now = middle(later);
  return result;
}

/// Each one's chance in terms of what chance alone would give among all that were compared.
std::vector<Slower> surest(std::vector<Candidate> candidates) {
  std::ranges::stable_sort(candidates, {}, &Candidate::chance);
  const auto all = static_cast<double>(candidates.size());
  double false_share = 1;
  for (std::size_t i = candidates.size(); i > 0; --i) {
    Candidate& one = candidates[i - 1];
    false_share = std::min(false_share, one.chance * all / static_cast<double>(i));
    one.slower.sure = 1 - false_share;
  }
  std::vector<Slower> result;
  for (Candidate& one : candidates) {
    const Slower& it = one.slower;
    const bool matters =
        static_cast<double>(it.now.count()) >= smallest_ratio * static_cast<double>(it.before.count()) &&
        it.now - it.before >= smallest_change;
    if (matters && it.sure >= least_sure) result.push_back(std::move(one.slower));
  }
  return result;
}

/// `name`: of an execution's place.
template <class Name>
std::vector<Place> places(const std::vector<history::Past>& pasts, Name name) {
  struct Gathered {
    Place place;
    std::vector<double> paces;
  };
  std::map<std::string, Gathered> all;
  for (const history::Past& past : pasts) {
    std::vector<double> took;
    took.reserve(past.executions.size());
    for (const history::Execution& one : past.executions) took.push_back(static_cast<double>(one.took.count()));
    const double usual = took.empty() ? 0 : median(took);
    for (const history::Execution& one : past.executions) {
      if (name(one).empty()) continue;
      Gathered& gathered = all[name(one)];
      ++gathered.place.runs;
      gathered.place.failures += one.passed ? 0U : 1U;
      if (usual > 0) gathered.paces.push_back(static_cast<double>(one.took.count()) / usual);
    }
  }
  std::vector<Place> result;
  for (auto& [key, gathered] : all) {
    gathered.place.name = key;
    if (!gathered.paces.empty()) gathered.place.pace = median(std::move(gathered.paces));
    result.push_back(std::move(gathered.place));
  }
  return result;
}

}  // namespace

double chance_of_being_larger(std::span<const double> earlier, std::span<const double> later) {
  std::vector<double> all{earlier.begin(), earlier.end()};
  all.insert(all.end(), later.begin(), later.end());
  const std::vector<std::size_t> ranks = doubled_ranks(all);
  std::size_t seen = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (i >= earlier.size()) seen += ranks[i];
  }
  const std::size_t total = 2 * later.size() * all.size();  // no sum of so many ranks is larger
  // In how many ways so many of the ranks have each sum.
  std::vector<std::vector<double>> ways(later.size() + 1, std::vector<double>(total + 1));
  ways[0][0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t count = later.size(); count > 0; --count) {
      for (std::size_t sum = total; sum + 1 > rank; --sum) ways[count][sum] += ways[count - 1][sum - rank];
    }
  }
  double as_large = 0;
  double every = 0;
  for (std::size_t sum = 0; sum <= total; ++sum) {
    every += ways.back()[sum];
    if (sum >= seen) as_large += ways.back()[sum];
  }
  return as_large / every;
}

Trends trends(const std::vector<history::Past>& pasts) {
  Trends result;
  std::vector<Candidate> candidates;
  for (const history::Past& past : pasts) {
    if (auto one = flaky(past)) result.flaky.push_back(std::move(*one));
    if (auto one = compared(past)) candidates.push_back(std::move(*one));
  }
  std::ranges::stable_sort(result.flaky,
                           [](const Flaky& one, const Flaky& other) { return one.changes > other.changes; });
  result.slower = surest(std::move(candidates));
  result.nodes = places(pasts, [](const history::Execution& one) { return one.node; });
  result.runners = places(pasts, [](const history::Execution& one) { return one.runner; });
  return result;
}

}  // namespace nmz::nmzswarm
