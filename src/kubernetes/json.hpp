// JSON from an API server. Reading: a missing or odd field is its type's empty value, since servers leave out what is
// empty. A path is a list of names, because names of labels have dots in them.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "nmz/error/result.hpp"
#include "nmz/kubernetes/types.hpp"

namespace nmz::kubernetes {

using Json = boost::json::value;
using Path = std::initializer_list<std::string_view>;

/// Errors (rejected): not JSON.
[[nodiscard]] Result<Json> parse_json(std::string_view text);
/// The value at `path`, null when there is none.
[[nodiscard]] const Json& at(const Json& value, Path path);
[[nodiscard]] std::string text_at(const Json& value, Path path);
[[nodiscard]] std::int64_t number_at(const Json& value, Path path);
[[nodiscard]] bool flag_at(const Json& value, Path path);
[[nodiscard]] Labels labels_at(const Json& value, Path path);
/// An empty one where there is none.
[[nodiscard]] const boost::json::array& array_at(const Json& value, Path path);

[[nodiscard]] Json to_json(const Labels& labels);
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace nmz::kubernetes
