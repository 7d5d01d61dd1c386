// The page without its data, as cmake/NmzEmbed.cmake takes it from the files beside this one.
#pragma once

#include <string_view>

namespace nmz::view::page {

extern const std::string_view script;
extern const std::string_view style;
extern const std::string_view frame;  ///< with @title@, @policy@, @style@, @summary@, @data@ and @script@

}  // namespace nmz::view::page
