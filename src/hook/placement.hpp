// Where git finds our hooks, and how other people's survive it.
//
// git 2.54 and newer run hooks that are configured (hook.NAME.command, hook.NAME.event), beside whatever else there is:
// husky, lefthook, pre-commit, core.hooksPath. Before that a hook is one file. Ours says that it is ours (the mark);
// one that stands there already is kept beside it under another name in the same directory, which some look things up
// in, and is run first, with the same arguments and the same input. It comes back as the very file that it was. Where
// core.hooksPath leads elsewhere the files there are somebody's, often tracked: they are not touched, and the line to
// add is said.
//
// On a server (--server DIR) there may be a directory of hooks that all run, which Gitea, Forgejo and GitLab have.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"

#include "repository.hpp"

namespace nmz::hook {

/// The hooks that we can be.
[[nodiscard]] const std::vector<std::string>& events_known();

struct Site {
  Site() = default;
  Places places;
  std::string program;         ///< our own, by its path
  bool configurable = false;   ///< git runs hooks that are configured
  std::filesystem::path many;  ///< a directory whose files all run at an event; empty = none
};
/// Errors (misconfigured): no repository.
[[nodiscard]] Result<Site> site_at(const std::string& directory, bool server);

/// Done twice it is as done once. Returns a line for a person. Errors (misconfigured): why not, and what to do.
[[nodiscard]] Result<std::string> install(const Site& site, const std::string& event);
/// Returns a line for a person; empty: it was not there.
[[nodiscard]] Result<std::string> uninstall(const Site& site, const std::string& event);
/// Where it is installed: a line; empty = it is not.
[[nodiscard]] std::string state_of(const Site& site, const std::string& event);

/// The hook's file. `chains`: it may stand in the place of another one.
[[nodiscard]] std::string file_text(const std::string& program, const std::string& event);
/// Whether it is a file of ours.
[[nodiscard]] bool is_ours(const std::filesystem::path& file);

/// "git version 2.54.0.rc1" is at least 2.54. Pure.
[[nodiscard]] bool runs_configured_hooks(const std::string& version);
/// For a shell. Pure.
[[nodiscard]] std::string quoted(const std::string& word);

}  // namespace nmz::hook
