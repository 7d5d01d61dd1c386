// A log that `git bisect replay` accepts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nmz/git/commit_id.hpp"

namespace nmz::git {

struct BisectLogEntry {
  enum class Word : std::uint8_t { good, bad, skip };
  Word word = Word::good;
  CommitId id;
  std::string subject;
  bool merge_base = false;  ///< tested because it is a merge base of the ends, outside of the range
};

struct BisectLogHead {
  CommitId bad;
  std::string bad_subject;
  std::vector<CommitId> goods;
  std::vector<std::string> good_subjects;
  std::vector<std::string> pathspecs;
  bool first_parent = false;
  std::string term_old = "good";
  std::string term_new = "bad";
};

/// The text of the log. With `culprit` the entries are ordered so that git ends where we ended (git remembers only
/// the last bad commit), and a closing "# first bad commit" line is added. A culprit that no entry calls bad was
/// inferred (all others are excluded); git is told, because it infers less.
[[nodiscard]] std::string bisect_log(const BisectLogHead& head, const std::vector<BisectLogEntry>& entries,
                                     const std::optional<BisectLogEntry>& culprit);

/// What is added to the log of a session that has begun. `possible`: where only skipped commits are left, those that
/// may be it.
[[nodiscard]] std::string session_text(const std::string& term_old, const std::string& term_new,
                                       const std::vector<BisectLogEntry>& entries,
                                       const std::optional<BisectLogEntry>& culprit,
                                       const std::vector<BisectLogEntry>& possible);

}  // namespace nmz::git
