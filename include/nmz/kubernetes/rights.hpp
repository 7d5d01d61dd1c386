// What a run has to be allowed to do in its namespace, and the Role that allows it. Pure.
#pragma once

#include <string>
#include <vector>

#include "nmz/kubernetes/types.hpp"

namespace nmz::kubernetes {

/// What a server of that version asks for. (From 1.35 on an attach over a WebSocket needs `create` beside `get`:
/// KEP-4006, AuthorizePodWebsocketUpgradeCreatePermission.)
[[nodiscard]] std::vector<Right> needed_rights(const ServerVersion& server);

/// Those of them that no rule grants.
[[nodiscard]] std::vector<Right> missing_rights(const std::vector<Rule>& rules, const std::vector<Right>& needed);

/// "create jobs.batch", as kubectl auth can-i names it.
[[nodiscard]] std::string words_of(const Right& right);

/// The minimal Role for servers of every version, as a manifest in YAML.
[[nodiscard]] std::string role_manifest(const std::string& name_space);

}  // namespace nmz::kubernetes
