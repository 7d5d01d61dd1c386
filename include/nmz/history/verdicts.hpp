// How commits were tested, as one remembers them: what was tested, and what came out.
//
// A commit is known by its files, not by its name: the key is a hash of its tree's id and of everything else that
// decides (the command, the build, the image, ...), so that a rebased or amended commit with the same files is known as
// well, and another command is another question. Who asks says what decides; nothing is read back from a key. Only
// what a test said is kept (125 and a build that fails are its words as well): what was lost, ran out of time or was
// stopped says nothing about the commit.
//
// All that decides besides the commit's files is called the question: a search reads what is known of its question
// once, and of a question it is known whether the test was found to be flaky.
//
// They stand in the file of the history, and go with the oldest when there are too many.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::history {

/// 32 bytes.
struct VerdictKey {
  std::string bytes;
};

/// Of what decides, in an order that the caller keeps to. {"a", "b"} and {"ab", ""} are different.
[[nodiscard]] VerdictKey verdict_key(std::span<const std::string> what_decides);

/// What a test said. The last two: this commit cannot be tested.
enum class Said : std::uint8_t { failed, passed, skipped, not_built };

struct RememberedVerdict {
  RememberedVerdict() = default;
  Said said = Said::failed;
  std::string commit;  ///< that was tested: hex digits
  std::chrono::system_clock::time_point when;
  std::string log;  ///< path; may be empty, and the file may be gone
};

struct KeyedVerdict {
  VerdictKey key;
  RememberedVerdict verdict;
};

/// What is known of a question.
struct KnownVerdicts {
  std::vector<KeyedVerdict> verdicts;
  bool flaky = false;  ///< the test was found to be
};

/// For one thread at a time. Errors as History's.
class Verdicts {
 public:
  /// How many are kept.
  static constexpr std::int64_t most = 100'000;

  [[nodiscard]] static Result<Verdicts> open(const std::filesystem::path& file, std::chrono::milliseconds patience);
  Verdicts(Verdicts&&) noexcept;
  Verdicts& operator=(Verdicts&&) noexcept;
  Verdicts(const Verdicts&) = delete;
  Verdicts& operator=(const Verdicts&) = delete;
  ~Verdicts();

  /// All that is younger than `since`.
  [[nodiscard]] Result<KnownVerdicts> known(const VerdictKey& question, std::chrono::system_clock::time_point since);
  /// In place of earlier ones, in one transaction. A question that is flaky once remains it.
  [[nodiscard]] Result<void> remember(const VerdictKey& question, const KnownVerdicts& verdicts);
  /// All of a question, but that it is flaky.
  [[nodiscard]] Result<void> forget(const VerdictKey& question);
  /// What was found before; everything without. Returns how many that were.
  [[nodiscard]] Result<std::size_t> forget(std::optional<std::chrono::system_clock::time_point> before);

 private:
  struct Impl;
  explicit Verdicts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::history
