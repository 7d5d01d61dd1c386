// Whether a world can be had on this machine. Nothing but making one tells: user namespaces, mounts and overlays are
// refused by sysctls, seccomp filters, AppArmor, missing capabilities and file systems, each in its own way.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/files/unique_fd.hpp"
#include "nmz/sandbox/plan.hpp"
#include "nmz/sandbox/surroundings.hpp"

namespace nmz::sandbox {

/// Makes the world of the plan once, with the view of the work tree `tree`, in a process of `agent` (the nmzagent
/// program) that ends at once. Nothing when that works; otherwise why it does not, as a part of a sentence.
[[nodiscard]] std::optional<std::string> try_world(const std::filesystem::path& agent, const Plan& plan,
                                                   const std::filesystem::path& tree);

/// The same for a plan of these surroundings. Where it is only the way out that does not work, they and the plan go
/// without one, which Surroundings::no_way_out() tells.
[[nodiscard]] std::optional<std::string> try_world(const std::filesystem::path& agent, Surroundings& surroundings,
                                                   Plan& plan, const std::filesystem::path& tree);

/// A file without a name that holds the plan's bytes, at no descriptor below 10.
[[nodiscard]] Result<files::UniqueFd> hand_over(const std::string& encoded_plan);

}  // namespace nmz::sandbox
