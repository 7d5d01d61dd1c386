// Whether this machine has room for more tests at once than it has CPUs, as it is used now (dispatch/room.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "nmz/wire/messages.hpp"

namespace nmz::nmzbisect {

/// What the coordinator asks (coordinator::Options::more_workers). At most four workers for each CPU, and as many as
/// there is a gibibyte of memory for.
[[nodiscard]] std::function<std::int32_t(const wire::Finished&, std::chrono::nanoseconds)> room_of_machine(
    std::uint32_t cpus);

}  // namespace nmz::nmzbisect
