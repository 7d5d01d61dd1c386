// The first part of a request, as bytes.
#pragma once

#include <string>

#include "nmz/http/client.hpp"

namespace nmz::http {

/// With the length of its body, or the announcement of chunks. Fails (bad_request) where a field has a control
/// character: a line break in a value would be a header of its own.
[[nodiscard]] Outcome<std::string> request_head(const Request& request, const ClientOptions& options);

/// A piece of a body that is sent in chunks; the last one is empty.
[[nodiscard]] std::string chunk_of(const std::string& piece);

}  // namespace nmz::http
