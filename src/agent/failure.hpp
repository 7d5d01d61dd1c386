// Why something could not be done, already in the words the coordinator will hear.
//
// Below the job everything that fails ends as an Outcome on the wire: either this worker cannot (a full disk:
// `unprepared`, the commit is tried elsewhere) or no worker could (a path that leaves the tree: `untestable`). The
// place that sees the errno knows which of the two it is, so the error type is the Outcome itself instead of
// nmz::Error, whose kinds would have to be translated back and which carries no errno.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "nmz/job/outcome.hpp"

namespace nmz::agent {

template <class T = void>
using Attempt = tl::expected<T, job::Outcome>;

/// The text of an errno, for a person.
[[nodiscard]] std::string error_text(int error);

/// A path or argument as one printable line: control bytes become \ooo, and very long ones are cut.
[[nodiscard]] std::string printable(std::string_view bytes);

/// "cannot WHAT PATH: error"; untestable for those errnos with which the file system refuses the name itself.
[[nodiscard]] tl::unexpected<job::Outcome> failed(int error, std::string_view what, std::string_view path);

/// "WHY: PATH".
[[nodiscard]] tl::unexpected<job::Outcome> untestable(std::string_view why, std::string_view path);

}  // namespace nmz::agent
