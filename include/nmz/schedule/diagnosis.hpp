// What kind of a failure a test's is, from repetitions of it in several settings (--classify).
//
// A test that has failed may be wrong, or fail now and then, or only when something else runs or has run. These are
// hypotheses about the rates at which it fails alone, beside others, under CPU load and after the tests before it:
//
//   genuine           it fails always, in every setting
//   flaky             it fails at one rate in every setting
//   contention        it hardly ever fails alone, and often beside others, or under CPU load, or in both
//   order-dependent   it hardly ever fails but after the tests before it
//
// Each has a prior and a Beta prior for its rate, so that the probability of what was seen is in closed form, and
// Bayes' rule weighs them. The failure that brought the test here counts for nothing: only because of it anybody looks.
// After two repetitions in each setting the next one is made where it is expected to tell most (the least expected
// entropy of the kinds, as in sequential experimental design: Lindley 1956), until one kind is sure enough or the limit
// is reached. What a setting says by itself is told with Wilson's interval (report/rate.hpp).
//
// A test that has met its time limit gets more time: where all that goes wrong is that it is too late then, the kind is
// the time limit, whatever makes it slow.
//
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nmz::schedule {

/// `after`: in one process, or one execution, with the tests that ran before it.
enum class Setting : std::uint8_t { alone, beside, load, after };
inline constexpr std::size_t setting_count = 4;

/// `too_late`: passed, after its time limit.
enum class Seen : std::uint8_t { passed, failed, too_late };

enum class FailureKind : std::uint8_t { undecided, genuine, flaky, contention, time_limit, order_dependent };

/// Settings that a test can be tried in.
class Settings {
 public:
  Settings() = default;
  void add(Setting setting) { has_.at(static_cast<std::size_t>(setting)) = true; }
  void remove(Setting setting) { has_.at(static_cast<std::size_t>(setting)) = false; }
  [[nodiscard]] bool has(Setting setting) const { return has_.at(static_cast<std::size_t>(setting)); }

 private:
  std::array<bool, setting_count> has_{};
};

struct Trials {
  Trials() = default;
  std::uint32_t runs = 0;
  std::uint32_t failures = 0;  ///< with those that were too late
  std::uint32_t too_late = 0;
};

class Diagnosis {
 public:
  /// `most`: repetitions, in all settings together. What needs a setting that there is not is no hypothesis.
  Diagnosis(Settings settings, std::uint32_t most) : settings_{settings}, most_{most} {}

  /// The setting for the next repetition; nothing where there is enough.
  [[nodiscard]] std::optional<Setting> next() const;
  void record(Setting setting, Seen seen);

  /// It cannot be tried any more.
  void remove(Setting setting) { settings_.remove(setting); }

  [[nodiscard]] const Trials& trials(Setting setting) const { return trials_.at(static_cast<std::size_t>(setting)); }
  [[nodiscard]] std::uint32_t runs() const;
  [[nodiscard]] FailureKind kind() const;
  /// In the kind, from 0 to 1; 0 without a repetition.
  [[nodiscard]] double confidence() const;

 private:
  using AllTrials = std::array<Trials, setting_count>;
  /// By kind: genuine, flaky, contention, order-dependent.
  using Weights = std::array<double, 4>;
  [[nodiscard]] bool tried(Setting setting) const;
  [[nodiscard]] Weights weigh(const AllTrials& trials) const;
  [[nodiscard]] double expected_entropy(Setting setting) const;

  Settings settings_;
  std::uint32_t most_;
  AllTrials trials_{};
};

}  // namespace nmz::schedule
