// Configuration files as text (git-config(1), "Syntax").
//
// Settings are taken out, not only overruled: one that is said once more below makes two values of it, and `git config
// NAME VALUE` refuses to change those.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace nmz::git {

/// `keys`: "section.name" in small letters, of sections without a subsection.
[[nodiscard]] std::string without_settings(std::string_view text, const std::set<std::string, std::less<>>& keys);

/// A value, or the name of a subsection, as it is written there.
[[nodiscard]] std::string config_value(std::string_view value);

}  // namespace nmz::git
