// Verdicts from one search to the next: what decides about a test's outcome, and what came out of it.
//
// Of a commit that is tested by itself (`nmzbisect test --recall`, which is what hooks run). What decides is the
// commit's files, the command with what it is given (a script of the checkout by its content), the build, the image,
// the environment that is given, and how far tests are kept apart. What is not part of it: the machine's own programs,
// what a tag of an image means today, and untracked files that nobody names; so nothing is remembered for longer than
// thirty days.
#pragma once

#include <optional>

#include "nmz/error/result.hpp"
#include "nmz/history/verdicts.hpp"
#include "nmz/wire/messages.hpp"

#include "answer.hpp"
#include "inputs.hpp"
#include "prepared_search.hpp"

namespace nmz::nmzbisect {

class Memory {
 public:
  /// Without --recall nothing is known, and nothing is kept. What cannot be read is not known.
  [[nodiscard]] static Memory of(const Search& search, const wire::Run& command, const Inputs& inputs);

  [[nodiscard]] std::optional<Answer> recall(const Search& search);
  /// Errors: one line. Of an answer that is no verdict nothing is kept.
  [[nodiscard]] Result<void> keep(const Answer& answer);

 private:
  std::optional<history::VerdictKey> key_;
  std::optional<history::Verdicts> verdicts_;
  std::string commit_;
};

}  // namespace nmz::nmzbisect
