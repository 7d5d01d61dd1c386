# What an installation gives to other programs: the headers, the libraries and a CMake package, so that
# find_package(namazu_swarm) offers the same nmz:: targets as this build has.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(nmz_package_directory "${CMAKE_INSTALL_LIBDIR}/cmake/namazu_swarm")

# nmz_install_library(target): a library, or an interface that libraries need.
function(nmz_install_library target)
  install(TARGETS ${target} EXPORT namazu_swarm
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/namazu-swarm" COMPONENT Development
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endfunction()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/nmz" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT Development)
install(EXPORT namazu_swarm NAMESPACE nmz:: FILE namazu_swarmTargets.cmake DESTINATION "${nmz_package_directory}"
  COMPONENT Development)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/namazu_swarmConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_SOURCE_DIR}/cmake/namazu_swarmConfig.cmake" "${PROJECT_SOURCE_DIR}/cmake/NmzLibraries.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/namazu_swarmConfigVersion.cmake"
  DESTINATION "${nmz_package_directory}" COMPONENT Development)
