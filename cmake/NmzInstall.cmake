# What an installation of the programs has beside them: manual pages, completions, documents; and how it is taken away
# again. Everything that a person needs is in the component Programs, what another program is built with in Development
# (NmzPackage.cmake): they are the two packages of NmzDeb.cmake.
include(GNUInstallDirs)
find_program(NMZ_GZIP gzip REQUIRED)

# nmz_compressed(from to): a gzip that is the same in every build.
function(nmz_compressed from to)
  execute_process(COMMAND "${NMZ_GZIP}" -9n INPUT_FILE "${from}" OUTPUT_FILE "${to}" COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${from}")
endfunction()

# nmz_program(target): the program, with the name by which git finds it as a command of its own (`git target`), and the
# page target.1, which `git help target` asks for as git-target(1). The page's foot has the version.
function(nmz_program target)
  set(command "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/git-${target}")
  add_custom_command(TARGET ${target} POST_BUILD COMMAND "${CMAKE_COMMAND}" -E create_symlink ${target} "${command}")
  set(pages "${PROJECT_BINARY_DIR}/share/man/man1")
  file(MAKE_DIRECTORY "${pages}")
  configure_file(${target}.1 "${CMAKE_CURRENT_BINARY_DIR}/${target}.1" @ONLY)
  nmz_compressed("${CMAKE_CURRENT_BINARY_DIR}/${target}.1" "${pages}/${target}.1.gz")
  file(CREATE_LINK ${target}.1.gz "${pages}/git-${target}.1.gz" SYMBOLIC)
  install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Programs)
  install(FILES "${command}" DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT Programs)
  install(FILES "${pages}/${target}.1.gz" "${pages}/git-${target}.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
    COMPONENT Programs)
endfunction()

# Completions: completions/SHELL/FILE, under the names that the shells want. Of zsh's two places the first is for
# packages (Debian's zsh does not look into /usr/share/zsh/site-functions), so that the other is in none.
function(nmz_completions shell directory)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/completions/${shell}/"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/${directory}" ${ARGN})
endfunction()
nmz_completions(bash bash-completion/completions COMPONENT Programs)
nmz_completions(fish fish/vendor_completions.d COMPONENT Programs)
nmz_completions(fish-conf fish/vendor_conf.d COMPONENT Programs)
nmz_completions(zsh zsh/vendor-completions COMPONENT Programs)
nmz_completions(zsh zsh/site-functions COMPONENT Unpackaged)

nmz_compressed("${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${PROJECT_BINARY_DIR}/changelog.gz")
install(FILES "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/cmake/deb/copyright"
  "${PROJECT_BINARY_DIR}/changelog.gz"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/namazu-swarm" COMPONENT Programs)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/example/image" "${PROJECT_SOURCE_DIR}/example/dummy"
  "${PROJECT_SOURCE_DIR}/example/plan"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/namazu-swarm/examples" USE_SOURCE_PERMISSIONS COMPONENT Programs)
# Scripts that CI jobs run; slim images leave out what is in doc/.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/example/ci" DESTINATION "${CMAKE_INSTALL_DATADIR}/namazu-swarm"
  USE_SOURCE_PERMISSIONS COMPONENT Programs)

# `cmake --build DIRECTORY --target uninstall`: what the last `cmake --install DIRECTORY` put somewhere.
add_custom_target(uninstall COMMENT "Removing what the last installation from here put somewhere" VERBATIM
  COMMAND "${CMAKE_COMMAND}" "-DMANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt"
    -P "${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake")
