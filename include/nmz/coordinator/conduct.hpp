// A whole run, from a program's main thread: the coordinator on an io_context, with the user's signals.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>

#include "nmz/coordinator/coordinator.hpp"

namespace nmz::coordinator {

/// Runs `io` until the run has ended. SIGINT, SIGTERM and SIGHUP end it politely the first time (`interrupted` is
/// called, to tell the user), at once the second time.
[[nodiscard]] RunEnd conduct(boost::asio::io_context& io, const Parts& parts, const Options& options,
                             std::function<void()> interrupted);

}  // namespace nmz::coordinator
