// Text inside workflow commands of GitHub Actions.
#pragma once

#include <string>
#include <string_view>

namespace nmz::report {

/// As GitHub's own toolkit escapes them: messages, and more in properties, which end at ',' and '::'.
[[nodiscard]] std::string workflow_text(std::string_view bytes, bool property);

}  // namespace nmz::report
