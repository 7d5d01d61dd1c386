// What decides about a test's outcome: the question that a verdict is the answer to (nmz/history/verdicts.hpp).
//
// The commit's files, by the id of its tree, so that a rebased or amended commit with the same files is known. The
// command with what it is given: the program and every word of the command and of the build that names a file outside
// of what the commits have, by the file's content (a long one by its size and time), so that an edited script is
// another question. The build, patches and overlays, the environment that is given, the image by its id, which
// submodules are present, how far tests are kept apart. And what is untracked and not ignored in the checkout, by
// names, sizes and times: tests on this machine see it, and a helper that is edited between two searches must not go
// unnoticed. Ignored files are left out: they are what tools write all the time, and where they matter, they follow
// from what is not ignored.
//
// The commit's own name counts only where files do not say all: the image has the repository (--no-checkout), or
// patches go to some of the commits. What is not part of it: the machine's other programs, the time, the network, what
// a test reads of the commit's name or message.
#pragma once

#include <string>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/history/verdicts.hpp"
#include "nmz/site/site.hpp"
#include "nmz/wire/messages.hpp"

#include "inputs.hpp"
#include "prepared_search.hpp"

namespace nmz::nmzbisect {

class Question {
 public:
  /// `search` must outlive it.
  Question(const Search& search, const site::Site& site, const wire::Run& command, const Inputs& inputs);

  /// All but the commit.
  [[nodiscard]] const history::VerdictKey& rest() const { return rest_; }
  /// `plain`: tested without the world of its own that was asked for.
  [[nodiscard]] Result<history::VerdictKey> of(const git::CommitId& commit, bool plain) const;
  /// With the ends and all that the search was asked for: the same when the same is asked again.
  [[nodiscard]] history::VerdictKey whole() const;

 private:
  const Search* search_;
  history::VerdictKey rest_;
  bool by_name_ = false;
};

}  // namespace nmz::nmzbisect
