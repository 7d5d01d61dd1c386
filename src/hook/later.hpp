// Hooks after the fact: what has been received, merged or rewritten is tested when nobody waits for it.
//
// post-receive: what each ref got is queued and searched where it is bad, one run at a time in a repository; the result
// is a report, a note on the commit and nmz.notify's. The pusher's connection stays open for as long as anybody holds
// the pipes that git gave the hook: the process that does the work has left them, git's environment and the session
// before it begins (githooks(5)). nmz.wait keeps the pusher instead.
//
// post-merge, post-rewrite: HEAD is tested in the background, so that the next push finds its verdict known; what is
// bad is told by nmz.notify and `nmzbisect hook status`. No note is written into a clone that somebody works in.
#pragma once

#include <string>
#include <vector>

#include "repository.hpp"

namespace nmz::hook {

/// Returns the hook's exit status, which git does not look at.
[[nodiscard]] int later(const std::string& event, const std::vector<std::string>& arguments, const std::string& input);

/// Lines for `hook status`.
[[nodiscard]] std::string state_of_queue(const Places& places);

}  // namespace nmz::hook
