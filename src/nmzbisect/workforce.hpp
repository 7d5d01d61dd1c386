// Where the tests of a search run, and how it is carried out there.
//
// Local workers live in worlds of their own (worlds.hpp) where the machine allows it. A world may hide what a test
// wants, so where a search fails as it would then, it is done once more without; and where tests can disturb each other
// unnoticed, the answer is confirmed.
#pragma once

#include <filesystem>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "nmz/cluster/cluster.hpp"
#include "nmz/coordinator/conduct.hpp"
#include "nmz/orchestrator/run_directory.hpp"
#include "nmz/wire/messages.hpp"

#include "inputs.hpp"
#include "prepared_search.hpp"
#include "reporter.hpp"
#include "worlds.hpp"

namespace nmz::nmzbisect {

/// The run directory of local workers.
[[nodiscard]] orchestrator::RunDirectory make_place(const Options& options, const git::Repository& repository);

/// Where a run's workers are: below a directory of this machine, or in containers.
struct Place {
  boost::asio::io_context& io;    // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  coordinator::Signals& signals;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::filesystem::path agent;
  std::filesystem::path directory;         ///< the run directory, when local
  Inputs inputs;                           ///< when local
  Worlds worlds;                           ///< likewise
  cluster::Cluster* containers = nullptr;  ///< null when local
};

/// The command as the workers get it; one that is run in containers is looked up there.
[[nodiscard]] wire::Run worker_command(const Search& search, const cluster::Cluster* containers);

/// Says what was left by killed runs.
void tell_swept(const std::optional<orchestrator::RunDirectory>& directory, const cluster::Cluster* containers,
                Reporter& reporter);

/// What local workers are given beside the commits, and where they live; says what a user has to know of it.
void furnish(Search& search, Place& place, Reporter& reporter);

/// Carries the search out, once more without worlds where they may be what failed.
[[nodiscard]] coordinator::RunEnd carry_out(Search& search, const wire::Run& command, Place& place, Reporter& reporter);

/// What was untracked when the search began, and was not the same for all tests.
void tell_changes(const Search& search, const Place& place, Reporter& reporter);

}  // namespace nmz::nmzbisect
