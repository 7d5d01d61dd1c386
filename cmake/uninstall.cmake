# cmake -DMANIFEST=FILE -P uninstall.cmake: removes the files that FILE lists (CMake writes it when it installs), and the
# directories that are empty then and bear our name, or lie in one that does. Others were there before, or may be
# somebody else's by now.
if(NOT EXISTS "${MANIFEST}")
  message(FATAL_ERROR "nothing was installed from here, or it was removed: there is no ${MANIFEST}")
endif()

file(STRINGS "${MANIFEST}" files ENCODING UTF-8)
set(directories "")
foreach(file IN LISTS files)
  set(file "$ENV{DESTDIR}${file}")
  if(EXISTS "${file}" OR IS_SYMLINK "${file}")
    message(STATUS "removing ${file}")
    file(REMOVE "${file}")
  endif()
  cmake_path(GET file PARENT_PATH directory)
  while(directory MATCHES "/(nmz|namazu[-_]swarm)(/|$)")
    list(APPEND directories "${directory}")
    cmake_path(GET directory PARENT_PATH directory)
  endwhile()
endforeach()

# The deepest first: a longer path is never above a shorter one.
list(REMOVE_DUPLICATES directories)
list(SORT directories ORDER DESCENDING)
foreach(directory IN LISTS directories)
  file(GLOB inside LIST_DIRECTORIES true "${directory}/*" "${directory}/.*")
  if(IS_DIRECTORY "${directory}" AND NOT inside)
    file(REMOVE_RECURSE "${directory}")
  endif()
endforeach()
file(REMOVE "${MANIFEST}")
