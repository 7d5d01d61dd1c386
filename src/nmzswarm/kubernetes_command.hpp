// nmzswarm kubernetes role: what a cluster's administrator has to allow.
#pragma once

#include <string>
#include <vector>

namespace nmz::nmzswarm {

/// `arguments`: what follows "kubernetes". Returns the exit status.
int kubernetes_command(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzswarm
