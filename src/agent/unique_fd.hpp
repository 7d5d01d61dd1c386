// The agent's name for the descriptor type that it shares with the programs.
#pragma once

#include "nmz/files/unique_fd.hpp"

namespace nmz::agent {

using files::UniqueFd;

}  // namespace nmz::agent
