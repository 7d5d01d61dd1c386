// nmzswarm gc: removes what killed runs left on an Engine.
#pragma once

#include <string>
#include <vector>

namespace nmz::nmzswarm {

/// `arguments`: what follows "gc". Returns the exit status.
int collect_garbage(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzswarm
