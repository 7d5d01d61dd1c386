// What is known of commits before any of them is tested, as weights for the search: from what the history gives for
// free.
//
// A commit that changes documentation only breaks a test seldom, and so does one that changes nothing of its own (a
// merge without conflicts, an empty commit), though it can: what it joins may not fit. One that changes what the user
// suspects (--suspect), or a file that the log of a failing test names, is to blame more often. Of a public set of
// regressions of git and systemd the commits that last changed the lines of the repair were to blame in half of the
// cases, so that names tell something; but they are no evidence. How far they are trusted, and what they may cost where
// they mislead, is the search's (nmz/search/allowance.hpp); a verdict overrules them.
//
// The commits' paths are read when few enough candidates are left, never for all of a long history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/search/commit_graph.hpp"

#include "options.hpp"

namespace nmz::nmzbisect {

/// Whether a file of this path, from the top, is read by people and not by a program, as far as its name tells.
[[nodiscard]] bool is_documentation(std::string_view path);

/// The words of a test's output that may be files: "src/net/tcp.c:12: error" has "src/net/tcp.c".
[[nodiscard]] std::set<std::string> files_named_in(std::string_view log);

/// Whether one of the named files may be the path: it, or the end of it or of the name, from a slash on.
[[nodiscard]] bool names_path(const std::set<std::string>& names, std::string_view path);

class Priors {
 public:
  /// All of these must outlive it.
  Priors(const Options& options, const git::Repository& repository, const git::Range& range)
      : options_{&options}, repository_{&repository}, range_{&range} {}

  /// How probable each is, relative to the others. Empty where nothing is known, or wanted.
  [[nodiscard]] std::vector<double> weigh(std::span<const search::Node> nodes);

  /// What a failing test has printed; the first few count. Returns whether that may change weights.
  bool take_log(std::string_view log);

  /// Why the commit is suspected more or less than others, as the end of a sentence; empty where it is not.
  [[nodiscard]] std::string why(search::Node node) const;

 private:
  enum class Kind : std::uint8_t { plain, documentation, nothing };
  struct Known {
    Kind kind = Kind::plain;
    bool suspected = false;
    bool named = false;
    std::vector<std::string> paths;
  };

  bool read(std::span<const search::Node> nodes);

  const Options* options_;
  const git::Repository* repository_;
  const git::Range* range_;
  std::map<search::Node, Known> known_;
  std::set<std::string> named_;  ///< in logs
  std::size_t logs_ = 0;
};

/// misconfigured: a pathspec of --suspect is none.
[[nodiscard]] Result<void> check_suspects(const Options& options, const git::Repository& repository);

}  // namespace nmz::nmzbisect
