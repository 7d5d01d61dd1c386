# find_package(namazu_swarm): nmz::dispatch, nmz::coordinator, ..., and the libraries they were built on.
include("${CMAKE_CURRENT_LIST_DIR}/NmzLibraries.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/namazu_swarmTargets.cmake")
