# Two interface targets every target of ours links: nmz_settings (language, includes, sanitizers) and nmz_warnings.
set(NMZ_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined or thread)")

add_library(nmz_settings INTERFACE)
target_compile_features(nmz_settings INTERFACE cxx_std_20)
target_include_directories(nmz_settings INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_definitions(nmz_settings INTERFACE NMZ_VERSION="${PROJECT_VERSION}")
if(NMZ_SANITIZE)
  target_compile_options(nmz_settings INTERFACE -fsanitize=${NMZ_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(nmz_settings INTERFACE -fsanitize=${NMZ_SANITIZE})
endif()

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

# nmz_module(name SOURCES ... [PUBLIC targets ...] [PRIVATE targets ...]): the library nmz::name.
function(nmz_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(nmz_${name} STATIC ${arg_SOURCES})
  add_library(nmz::${name} ALIAS nmz_${name})
  target_link_libraries(nmz_${name} PUBLIC nmz_settings ${arg_PUBLIC} PRIVATE nmz_warnings ${arg_PRIVATE})
endfunction()
