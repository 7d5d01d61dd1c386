// What the tests are given of the user's checkout beside the commit under test.
//
// As with `git bisect run`, a script or an argument that is new or changed and not committed is the user's own: each
// commit is tested with it as it was when the search began. Other changes of tracked files belong to no commit and are
// left out, unless --overlay asks for them; both are told. What is untracked and not named is seen in the world of the
// workers (nmz/sandbox/surroundings.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"

#include "options.hpp"

namespace nmz::nmzbisect {

struct Inputs {
  Inputs() = default;
  std::shared_ptr<const std::vector<git::TodaysFile>> today;  ///< null when there are none
  std::vector<std::string> untracked;                         ///< as git::CheckoutState has it
  std::vector<std::string> notes;                             ///< lines the user should see
};

/// Some of the names, for a person.
[[nodiscard]] std::string listed(const std::vector<std::string>& names);

/// Whether the command, or a script that it is given, speaks of the checkout by its path: without a world of its own it
/// would be at work in the user's files. A script in the checkout is named so as well; that alone does no harm.
[[nodiscard]] bool speaks_of_the_checkout(const Options& options, const git::Repository& repository);

/// What an argument may name: itself, and the words of a script that it is (sh -c '...').
[[nodiscard]] std::vector<std::string> words_of_argument(const std::string& argument);

/// None where no files are sent (--no-checkout).
[[nodiscard]] Result<Inputs> read_inputs(const Options& options, const git::Repository& repository,
                                         const git::Range& range);

}  // namespace nmz::nmzbisect
