// JSON to and from the Engine. Reading: a missing or odd field is its type's empty value.
//
// The Engine leaves out what is empty and writes null where Go has a nil slice; a stricter reader would only turn small
// differences between versions into failures. What has to be there is checked by whoever needs it.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "nmz/docker/types.hpp"
#include "nmz/error/result.hpp"

namespace nmz::docker {

using Json = boost::json::value;

/// Errors (rejected): not JSON.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

/// The value at `path` ("Spec.Labels"), null when there is none.
[[nodiscard]] const Json& at(const Json& value, std::string_view path);
[[nodiscard]] std::string text_at(const Json& value, std::string_view path);
/// 0 when it is no number; what is out of range is the nearest that is not.
[[nodiscard]] std::int64_t number_at(const Json& value, std::string_view path);
template <std::integral Number>
[[nodiscard]] Number number_at(const Json& value, std::string_view path) {
  const std::int64_t number = number_at(value, path);
  if (std::in_range<Number>(number)) return static_cast<Number>(number);
  return number < 0 ? std::numeric_limits<Number>::min() : std::numeric_limits<Number>::max();
}
[[nodiscard]] bool flag_at(const Json& value, std::string_view path);
[[nodiscard]] std::vector<std::string> texts_at(const Json& value, std::string_view path);
[[nodiscard]] Labels labels_at(const Json& value, std::string_view path);
/// The elements of the array at `path` (the value itself when empty).
[[nodiscard]] std::vector<Json> elements_at(const Json& value, std::string_view path);

[[nodiscard]] Json to_json(const std::vector<std::string>& texts);
[[nodiscard]] Json to_json(const Labels& labels);

[[nodiscard]] Json to_json(const std::vector<Mount>& mounts);

/// The image's own health check is of the program that it was made for, not of our agent: a Swarm would kill its task.
[[nodiscard]] Json no_health_check();

/// The query value of a filter by labels: {"label":["a=b","c"]}, percent-encoded.
[[nodiscard]] std::string label_filter(const Labels& labels);
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace nmz::docker
