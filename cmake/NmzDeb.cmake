# The packages that scripts/package makes with cpack: namazu-swarm, and namazu-swarm-dev for who builds on the libraries.
# They are of the release that they are built on (their dependencies name its libraries), and so are their versions:
# 0.1.0-1~deb12 is older than 0.1.0-1~deb13, as a machine that goes from one to the other wants it.
cmake_host_system_information(RESULT nmz_release QUERY DISTRIB_INFO)
string(REPLACE "debian" "deb" nmz_distribution "${nmz_release_ID}")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME namazu-swarm)
set(CPACK_PACKAGE_VERSION "${PROJECT_VERSION}")
set(CPACK_DEBIAN_PACKAGE_RELEASE "1~${nmz_distribution}${nmz_release_VERSION_ID}")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL Programs Development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# Who makes a package says who he is as for Debian's own tools.
set(nmz_maintainer "Namazu Swarm developers" "namazu-swarm@users.noreply.github.com")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(nmz_maintainer "$ENV{DEBFULLNAME}" "$ENV{DEBEMAIL}")
endif()
list(JOIN nmz_maintainer " <" nmz_maintainer)
set(CPACK_PACKAGE_CONTACT "${nmz_maintainer}>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "parallel git bisect, and test suites on Docker or a cluster")
set(CPACK_PACKAGE_HOMEPAGE_URL "https://github.com/osrg/namazu-swarm")
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "${CPACK_PACKAGE_HOMEPAGE_URL}")

set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME namazu-swarm)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION vcs)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_DEPENDS git)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SUGGESTS "docker.io | docker-ce, openssh-client, passt")
set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION
"nmzbisect (git nmzbisect) finds the first bad commit as 'git bisect run' does,
but tests many commits at once, each in a work tree of its own. It changes
nothing in the repository.

nmzswarm runs a list of tests in parallel, on this machine, in containers of a
Docker Engine or all over a Docker Swarm or a Kubernetes cluster, and hunts
flaky ones.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME namazu-swarm-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(nmz_boost "${Boost_VERSION_MAJOR}.${Boost_VERSION_MINOR}")
set(nmz_development
  "namazu-swarm (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})" libarchive-dev libboost${nmz_boost}-dev
  libboost-json${nmz_boost}-dev libcli11-dev libexpected-dev libfmt-dev libgit2-dev libncurses-dev libpugixml-dev libspdlog-dev libsqlite3-dev
  libssl-dev libyaml-cpp-dev pkg-config zlib1g-dev)
list(JOIN nmz_development ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"The libraries that nmzbisect and nmzswarm are made of, to build programs on: a
dispatcher of jobs with plans of one's own, its workers on this machine, on
Docker and on a Swarm, and a CMake package, find_package(namazu_swarm).")

# What Debian wants to be in a package besides, and nobody else.
string(TIMESTAMP nmz_date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH where that is set
configure_file("${PROJECT_SOURCE_DIR}/cmake/deb/changelog.in" "${PROJECT_BINARY_DIR}/deb/changelog.Debian" @ONLY)
nmz_compressed("${PROJECT_BINARY_DIR}/deb/changelog.Debian" "${PROJECT_BINARY_DIR}/deb/changelog.Debian.gz")
foreach(component Programs Development)
  string(TOUPPER ${component} upper)
  set(package "${CPACK_DEBIAN_${upper}_PACKAGE_NAME}")
  install(FILES "${PROJECT_BINARY_DIR}/deb/changelog.Debian.gz" "${PROJECT_SOURCE_DIR}/cmake/deb/copyright"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${package}" COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/cmake/deb/lintian-overrides" RENAME namazu-swarm
  DESTINATION "${CMAKE_INSTALL_DATADIR}/lintian/overrides" COMPONENT Programs EXCLUDE_FROM_ALL)

include(CPack)
