# nmz_embed(FILE SCRIPT module... STYLE file FRAME file): a source file with the parts of the page that --html writes.
#
# The modules of src/view/page are plain ES modules, as a browser or node reads them. The page is one file, and a module
# inside of it cannot import another one, so they are put one behind the other, in the order given, without the lines
# that import and the word that exports: names at the top of two modules must differ. Nothing but CMake is needed.
function(nmz_embed_text file name result)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  set(${result} "const char ${name}_bytes[] = {\n${bytes}'\\0'};\n" PARENT_SCOPE)
endfunction()

function(nmz_embed output)
  cmake_parse_arguments(arg "" "STYLE;FRAME" "SCRIPT" ${ARGN})
  set(script "")
  foreach(module IN LISTS arg_SCRIPT)
    # Brackets and semicolons are more than text to CMake, so lines are not taken apart as a list.
    file(READ "${CMAKE_CURRENT_SOURCE_DIR}/${module}" text)
    if(text MATCHES "(^|\n)import [^\n]* as ")
      message(FATAL_ERROR "${module}: a name that is imported keeps its name here")
    endif()
    string(REGEX REPLACE "(^|\n)import [^\n]*" "\\1" text "${text}")
    string(REGEX REPLACE "(^|\n)export " "\\1" text "${text}")
    string(APPEND script "${text}")
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${arg_SCRIPT} ${arg_STYLE} ${arg_FRAME})
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/page_script.js" "${script}")
  nmz_embed_text("${CMAKE_CURRENT_BINARY_DIR}/page_script.js" script script_text)
  nmz_embed_text("${CMAKE_CURRENT_SOURCE_DIR}/${arg_STYLE}" style style_text)
  nmz_embed_text("${CMAKE_CURRENT_SOURCE_DIR}/${arg_FRAME}" frame frame_text)
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${output}" @ONLY CONTENT [=[
// Made by cmake/NmzEmbed.cmake.
#include "@CMAKE_CURRENT_SOURCE_DIR@/page/parts.hpp"

namespace nmz::view::page {
namespace {
@script_text@@style_text@@frame_text@
}  // namespace

const std::string_view script{script_bytes, sizeof script_bytes - 1};
const std::string_view style{style_bytes, sizeof style_bytes - 1};
const std::string_view frame{frame_bytes, sizeof frame_bytes - 1};

}  // namespace nmz::view::page
]=])
endfunction()
