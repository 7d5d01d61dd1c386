# The floors of the house: what a target includes, it links. A module that includes "nmz/X/..." without X among what it
# links, itself or through others, compiles by luck (the include directory is one for all) and hangs in the air where it
# is installed. So that is an error, at every configuration. include/nmz/error is everybody's.

# nmz_link_closure(target kinds result): all that the target links; PRIVATE links only of the target itself.
function(nmz_link_closure target property result)
  set(found ${target})
  set(waiting ${target})
  while(waiting)
    list(POP_FRONT waiting one)
    get_target_property(links ${one} ${property})
    set(property INTERFACE_LINK_LIBRARIES)  # beyond the first, what others hand on
    foreach(link IN LISTS links)
      string(REGEX REPLACE "^nmz::" "nmz_" link "${link}")
      if(link MATCHES "^nmz" AND TARGET ${link} AND NOT link IN_LIST found)
        list(APPEND found ${link})
        list(APPEND waiting ${link})
      endif()
    endforeach()
  endwhile()
  set(${result} ${found} PARENT_SCOPE)
endfunction()

# nmz_check_includes(target property file...): each file's modules are among what the target links.
function(nmz_check_includes target property)
  nmz_link_closure(${target} ${property} linked)
  foreach(file IN LISTS ARGN)
    file(STRINGS "${file}" includes REGEX "^#include \"nmz/")
    foreach(include IN LISTS includes)
      string(REGEX REPLACE ".*nmz/([a-z_]+)/.*" "\\1" module "${include}")
      if(NOT module STREQUAL "error" AND NOT nmz_${module} IN_LIST linked)
        message(SEND_ERROR "${file} includes nmz/${module}/, which ${target} does not link")
      endif()
    endforeach()
  endforeach()
endfunction()

# Every target below `directory`: its sources and private headers, and what is in its folder of include/nmz.
function(nmz_check_floors directory)
  get_property(folders DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(folder IN LISTS folders)
    get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
    file(GLOB sources "${folder}/*.cpp" "${folder}/*.hpp")
    foreach(target IN LISTS targets)
      get_target_property(type ${target} TYPE)
      string(REGEX REPLACE "^nmz_" "" module ${target})
      if(type STREQUAL "STATIC_LIBRARY")
        file(GLOB headers "${PROJECT_SOURCE_DIR}/include/nmz/${module}/*.hpp")
        nmz_check_includes(${target} LINK_LIBRARIES ${sources})
        nmz_check_includes(${target} INTERFACE_LINK_LIBRARIES ${headers})
      endif()
    endforeach()
  endforeach()
endfunction()
