// What a failed exchange with an API server is called, and what its user can do about it.
#pragma once

#include <string>

#include "nmz/error/result.hpp"
#include "nmz/http/failure.hpp"
#include "nmz/kubernetes/access.hpp"

namespace nmz::kubernetes {

/// Of a call.
[[nodiscard]] Error worded(const http::Failure& failure, const Access& access);
/// Of a stream that a call has handed over.
[[nodiscard]] Error worded(const http::Failure& failure);
/// An answer of 400 and more: the server's own words (a Status, or whatever stands before it says).
[[nodiscard]] Error refusal(unsigned status, const std::string& body, const Access& access);

/// It may pass by itself: the server has too much to do (429), or fails.
[[nodiscard]] bool is_busy(unsigned status);

[[nodiscard]] std::string one_line(std::string text);

}  // namespace nmz::kubernetes
