// How commits were tested, as one remembers them: what was tested, and what came out.
//
// A commit is known by its files, not by its name: the key is a hash of its tree's id and of everything else that
// decides (the command, the build, the image, ...), so that a rebased or amended commit with the same files is known as
// well, and another command is another question. Who asks says what decides; nothing is read back from a key. Only
// verdicts are kept, good or bad: what was skipped, lost or stopped says nothing about the commit.
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

#include "nmz/error/result.hpp"

namespace nmz::history {

/// 32 bytes.
struct VerdictKey {
  std::string bytes;
};

/// Of what decides, in an order that the caller keeps to. {"a", "b"} and {"ab", ""} are different.
[[nodiscard]] VerdictKey verdict_key(std::span<const std::string> what_decides);

struct RememberedVerdict {
  RememberedVerdict() = default;
  bool good = false;
  std::string commit;  ///< that was tested: hex digits
  std::chrono::system_clock::time_point when;
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

  /// Nothing where none is known that is younger than `since`.
  [[nodiscard]] Result<std::optional<RememberedVerdict>> find(const VerdictKey& key,
                                                              std::chrono::system_clock::time_point since);
  /// In place of an earlier one.
  [[nodiscard]] Result<void> remember(const VerdictKey& key, const RememberedVerdict& verdict);

 private:
  struct Impl;
  explicit Verdicts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::history
