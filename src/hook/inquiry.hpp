// What a hook wants to know: is this commit good, and if it is not, who is to blame?
//
// The commit is tested first, alone, since it mostly is good and nothing else has to be done then; a verdict that is
// remembered costs no test. Only a bad one is searched for, between it and what the other side has. The search tests
// its ends, so neither an old verdict nor a test that failed by chance blames anybody.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nmz/events/event.hpp"

#include "child.hpp"

namespace nmz::hook {

struct Question {
  Question() = default;
  std::string directory;  ///< of the repository; empty = here
  std::string commit;     ///< hex digits
  std::string suite;      ///< nmz.suite: what follows nmzswarm, for a shell; empty: what is configured tests
  /// What was there before, asked for only where it is searched; empty: nothing is known, and is looked for.
  std::function<std::vector<std::string>()> goods;
  Deadline deadline = Deadline::max();
  bool quiet = false;  ///< nobody is there whom the search could tell how far it is
};

struct Finding {
  Finding() = default;
  enum class Kind {
    good,
    culprit,      ///< end.search.suspects[0]
    suspects,     ///< the commit is bad, and it is not known since when
    older,        ///< so is what was there before: none of these commits is to blame
    no_verdict,   ///< it could not be tested
    out_of_time,  ///< of the budget
    interrupted,
  } kind = Kind::no_verdict;
  std::string why;       ///< one line; may be empty
  events::RunEnded end;  ///< of the search, or of the test where there was none
};

/// "good", "culprit", ...: stable words for scripts.
[[nodiscard]] const char* word_of(Finding::Kind kind);

[[nodiscard]] Finding inquire(const Question& question);

/// What a test that ended says; what a search that ended says. Pure.
[[nodiscard]] Finding of_test(const ChildEnd& test);
[[nodiscard]] Finding of_search(const ChildEnd& search);

}  // namespace nmz::hook
