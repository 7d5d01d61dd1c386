// The tables of a history and how older ones become today's.
//
// The file's header says whose it is (PRAGMA application_id) and which version of the schema it has (PRAGMA
// user_version). There is one step from each version to the next, and a new file takes all of them from version 0, so
// that new and migrated files cannot differ. The steps that are missing run in one transaction: another process sees
// the old schema or the new one.
//
// Changes are only ever appended to the list of steps; a step that was released is not edited.
#pragma once

#include <cstdint>

#include "nmz/error/result.hpp"

#include "sqlite.hpp"

namespace nmz::history {

constexpr std::int64_t application_id = 0x4E6D7A48;  // "NmzH"

/// The version that this program reads and writes.
[[nodiscard]] std::int64_t schema_version();

/// Creates or migrates what the connection has open. Errors (misconfigured, and nothing is written): another program's
/// database, a newer version.
[[nodiscard]] Result<void> prepare_schema(Connection& connection);

}  // namespace nmz::history
