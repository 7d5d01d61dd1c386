// --prove: the answer of a search, tested once more in fresh trees.
//
// What was built for another commit has produced wrong culprits, and so have tests that fail at times. So the culprit,
// its parents, and the bad end with the culprit reverted are tested as if nothing had been tested before: each in a
// tree that is made anew and built anew, on all workers at once. What held is said; an answer that did not is still
// told, but with another exit status.
#pragma once

#include <string>
#include <vector>

#include "nmz/coordinator/coordinator.hpp"
#include "nmz/events/event.hpp"
#include "nmz/logs/log_store.hpp"

#include "answer.hpp"
#include "prepared_search.hpp"
#include "reporter.hpp"
#include "workforce.hpp"

namespace nmz::nmzbisect {

struct Proof {
  Proof() = default;
  std::vector<events::Claim> claims;  ///< none: nothing was asked for, or there was nothing to prove
  coordinator::RunEnd end;
};

/// Tests what the search has found, if it has found something and was asked to. `end`: the search's.
[[nodiscard]] Proof prove(Search& search, const coordinator::RunEnd& end, const wire::Run& command, Workshop& shop,
                          Reporter& reporter, logs::LogStore& logs);

/// What the proof says is part of the answer.
void add_proof(const Proof& proof, Answer& answer);

/// Whether a commit's files are those of a parent: then no test of the files can tell them apart, and the answer is
/// doubtful. One line for a person, or nothing.
[[nodiscard]] std::string doubt_of_culprit(const Search& search);

}  // namespace nmz::nmzbisect
