// Before a push: what is about to be given to others is tested, and a commit of it that breaks the test is named.
//
// The push is refused only where one of its own commits is to blame, or where its tip is known to be bad and nothing
// says that it was so before. Whatever else happens (no verdict, no time, no configuration, an error of ours) it goes
// on, with a line that says why: a hook that cannot tell must not be in the way.
#pragma once

#include <string>
#include <vector>

namespace nmz::hook {

/// `arguments`: the remote's name and its address. Returns the hook's exit status.
[[nodiscard]] int pre_push(const std::vector<std::string>& arguments, const std::string& input);

}  // namespace nmz::hook
