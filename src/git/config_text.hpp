// A configuration file's text without some of its settings (git-config(1), "Syntax").
//
// A setting that is said once more below makes two values of it, and `git config NAME VALUE` refuses to change those.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace nmz::git {

/// `keys`: "section.name" in small letters, of sections without a subsection.
[[nodiscard]] std::string without_settings(std::string_view text, const std::set<std::string, std::less<>>& keys);

}  // namespace nmz::git
