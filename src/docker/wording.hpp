// What a failed exchange with the Engine is called, and what its user can do about it.
#pragma once

#include "nmz/docker/endpoint.hpp"
#include "nmz/error/result.hpp"
#include "nmz/http/failure.hpp"

namespace nmz::docker {

/// Of a call.
[[nodiscard]] Error worded(const http::Failure& failure, const Endpoint& endpoint);
/// Of a stream that a call has handed over.
[[nodiscard]] Error worded(const http::Failure& failure);

}  // namespace nmz::docker
