// How the tests of a search are carried out where they run.
//
// Where workers see this machine's files they live in worlds of their own (worlds.hpp), if the machine allows it. A
// world may hide what a test wants, so where a search fails as it would then, it is done once more without; and where
// tests can disturb each other unnoticed, the answer is confirmed.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nmz/git/patches.hpp"
#include "nmz/run/conduct.hpp"
#include "nmz/run/display.hpp"
#include "nmz/site/site.hpp"
#include "nmz/wire/messages.hpp"

#include "commit_work.hpp"
#include "inputs.hpp"
#include "prepared_search.hpp"
#include "recall.hpp"
#include "reporter.hpp"
#include "shared_files.hpp"
#include "worlds.hpp"

namespace nmz::nmzbisect {

/// One line for the user.
using Notify = std::function<void(const std::string&)>;

/// What there is to work with.
struct Workshop {
  run::Loop& loop;   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  site::Site& site;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::filesystem::path agent;
  Inputs inputs;
  Worlds worlds;                                  ///< where workers see our files
  std::shared_ptr<const git::Patches> patches;    ///< null when there are none
  std::map<std::string, std::string> in_trees{};  ///< the commit in each worker's tree, at the end
  run::Display* display = nullptr;                ///< null: nobody's
};

/// What its tests share although they live in worlds, as it is now.
[[nodiscard]] SharedFiles shared_files(const Search& search);

/// Where the run's directory is, and what it is called.
[[nodiscard]] site::Choice site_choice(const Options& options, const git::Repository& repository);

/// The command as the workers get it; one that is run in containers is looked up there.
[[nodiscard]] wire::Run worker_command(const Search& search, const site::Site& site);

/// Of the command line, if there are any; says so.
void take_patches(const Search& search, Workshop& shop, const Notify& notice);

/// What local workers are given beside the commits, and where they live; says what a user has to know of it.
void furnish(const Search& search, Workshop& shop, const Notify& notice);
/// What is remembered is of tests in worlds, or without.
void recall_worlds(Search& search, const Workshop& shop, Reporter& reporter, Recall& recall);

/// Carries the search out, once more without worlds where they may be what failed.
[[nodiscard]] coordinator::RunEnd carry_out(Search& search, const wire::Run& command, Workshop& shop,
                                            Reporter& reporter, Recall& recall);

/// Who is told what happens.
struct Narrator {
  coordinator::Observer& observer;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Notify notice;
};

/// Commits that a plan of its own tests.
struct Repetition {
  std::vector<git::CommitId> commits;
  std::function<CommitWork::Trial(dispatch::Subject)> trials;         ///< what the plan's subjects are of these
  std::map<dispatch::Subject, std::vector<git::TodaysFile>> files{};  ///< of one of these: what it has besides
  /// What else decides an execution's command; may be empty.
  std::function<void(const dispatch::Assign&, wire::Run&)> commands{};
  bool fresh_trees = true;  ///< each in trees that no other has been in
};

/// Where and how the search was carried out in the end.
[[nodiscard]] coordinator::RunEnd carry_out_again(Search& search, const Repetition& repetition,
                                                  const wire::Run& command, Workshop& shop, dispatch::Plan& plan,
                                                  const Narrator& narrator);

/// What was untracked when the search began, and was not the same for all tests.
void tell_changes(const Search& search, const Workshop& shop, const Notify& notice);

}  // namespace nmz::nmzbisect
