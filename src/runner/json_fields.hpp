// What a report has to say in JSON, where a member may be missing or of another kind.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace nmz::runner {

/// Empty where it is no text.
[[nodiscard]] inline std::string text_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

/// 0 where it is no number.
[[nodiscard]] inline double number_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

}  // namespace nmz::runner
