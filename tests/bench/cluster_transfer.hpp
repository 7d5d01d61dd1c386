// Cases of cluster_bench about what is carried to the workers and back, and about whole searches.
#pragma once

#include <cstddef>

#include "cluster_lab.hpp"

namespace nmz::bench {

/// The same search on local workers and in containers.
void bisect(Lab& lab, std::size_t runs);
/// How much memory 200 MB of logs take.
void logs(Lab& lab, std::size_t runs);
/// How much crosses the Engine's connection for a commit of 100 MB on 4 workers of 2 nodes.
void tree(Lab& lab, std::size_t runs);

}  // namespace nmz::bench
