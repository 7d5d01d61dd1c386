// "Did you mean": of the words there are, the one that somebody meant who wrote another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nmz::command_line {

/// Of those that begin so the shortest, else the one that is written most alike; empty where none is alike.
[[nodiscard]] std::string suggestion(std::string_view written, const std::vector<std::string>& known);

/// Whether it is one of them, in git's spelling of keys: no capitals, and with dashes or without.
[[nodiscard]] bool is_key_of(std::string_view written, const std::vector<std::string>& known);

}  // namespace nmz::command_line
