# Two interface targets every target of ours links: nmz_settings (language, includes, sanitizers) and nmz_warnings.
set(NMZ_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined or thread)")

add_library(nmz_settings INTERFACE)
target_compile_features(nmz_settings INTERFACE cxx_std_20)
target_include_directories(nmz_settings INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>")
target_compile_definitions(nmz_settings INTERFACE NMZ_VERSION="${PROJECT_VERSION}")
if(NMZ_SANITIZE)
  target_compile_options(nmz_settings INTERFACE -fsanitize=${NMZ_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(nmz_settings INTERFACE -fsanitize=${NMZ_SANITIZE})
  # The one check of clang's "undefined" that clang 14 cannot compile coroutines with.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_compile_options(nmz_settings INTERFACE -fno-sanitize=function)
  endif()
endif()

# Asio without exceptions escaping from detached completion handlers, and without its deprecated parts.
add_library(nmz_asio INTERFACE)
target_link_libraries(nmz_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(nmz_asio INTERFACE BOOST_ASIO_NO_DEPRECATED)

add_library(nmz_warnings INTERFACE)
target_compile_options(nmz_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough
  $<$<BOOL:${NMZ_WERROR}>:-Werror>)
# g++ 12 sees overlapping copies where std::string is concatenated (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(nmz_warnings INTERFACE -Wno-restrict)
endif()
# g++ 12 reports these in its own library headers when it inlines them under the sanitizers.
if(NMZ_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(nmz_warnings INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-tsan
    -Wno-stringop-overflow -Wno-array-bounds)
endif()

foreach(part settings asio)
  set_target_properties(nmz_${part} PROPERTIES EXPORT_NAME ${part})
  nmz_install_library(nmz_${part})
endforeach()

# nmz_module(name SOURCES ... [PUBLIC targets ...] [PRIVATE targets ...]): the library nmz::name, also when installed.
function(nmz_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(nmz_${name} STATIC ${arg_SOURCES})
  add_library(nmz::${name} ALIAS nmz_${name})
  set_target_properties(nmz_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(nmz_${name}
    PUBLIC nmz_settings ${arg_PUBLIC}
    PRIVATE $<BUILD_INTERFACE:nmz_warnings> ${arg_PRIVATE})
  nmz_install_library(nmz_${name})
endfunction()
