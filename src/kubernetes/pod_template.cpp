#include "nmz/kubernetes/pod_template.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <yaml-cpp/yaml.h>

#include "json.hpp"

namespace nmz::kubernetes {
namespace json = boost::json;
namespace {

/// What is wrong with the file, where that cannot be returned.
struct Unusable {
  std::string what;
};

template <class Number>
std::optional<Number> number_in(std::string_view text, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

/// Whole numbers as YAML 1.1 has them, which kubectl reads: 0555 is octal.
std::optional<std::int64_t> whole_in(const std::string& text) {
  constexpr int decimal = 10;
  constexpr int octal = 8;
  constexpr int hexadecimal = 16;
  const std::string_view all{text};
  if (all.starts_with("0x")) return number_in<std::int64_t>(all.substr(2), hexadecimal);
  if (all.starts_with("0o")) return number_in<std::int64_t>(all.substr(2), octal);
  if (all.size() > 1 && all.front() == '0') return number_in<std::int64_t>(all.substr(1), octal);
  return number_in<std::int64_t>(all, decimal);
}

std::optional<double> decimal_in(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && std::isfinite(number) ? std::optional{number} : std::nullopt;
}

/// A word without quotes is what it looks like, to kubectl as well.
Json scalar_of(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  constexpr std::array yes{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
  constexpr std::array no{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
  const auto is = [&text](std::string_view word) { return text == word; };
  Json scalar;
  scalar.emplace_string() = text;
  if (node.Tag() != "?" && !node.Tag().empty()) return scalar;
  if (std::ranges::any_of(yes, is)) {
    scalar = true;
  } else if (std::ranges::any_of(no, is)) {
    scalar = false;
  } else if (const auto whole = whole_in(text)) {
    scalar = *whole;
  } else if (const auto number = decimal_in(text)) {
    scalar = *number;
  }
  return scalar;
}

/// `values`: how many there are so far. An alias may lead back to what it is in, and a few of them to a billion values.
Json json_of(const YAML::Node& node, std::size_t& values, int depth = 0) {
  constexpr int deepest = 24;  // parse_json(), which reads it later, refuses 32
  constexpr std::size_t most = 10'000;
  if (depth == deepest || ++values > most) {
    throw Unusable{"it is too deep or too large, or an alias leads back to itself"};
  }
  if (node.IsMap()) {
    json::object object;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) throw Unusable{"a key is no text"};
      object[entry.first.Scalar()] = json_of(entry.second, values, depth + 1);
    }
    Json value = std::move(object);  // clang 14 would copy an object that is returned as a value
    return value;
  }
  if (node.IsSequence()) {
    json::array array;
    for (const YAML::Node& entry : node) array.push_back(json_of(entry, values, depth + 1));
    Json value = std::move(array);
    return value;
  }
  return node.IsScalar() ? scalar_of(node) : Json{};
}

void check_list(const Json& spec, std::string_view list) {
  const Json& found = at(spec, {list});
  if (found.is_null()) return;
  if (!found.is_array()) throw Unusable{"spec." + std::string{list} + " is no list"};
  for (const Json& entry : found.get_array()) {
    if (text_at(entry, {"name"}).empty()) throw Unusable{"an entry of spec." + std::string{list} + " has no name"};
  }
}

Json template_in(Json whole) {
  if (!whole.is_object()) throw Unusable{"it is no pod template: {metadata, spec}"};
  const std::string kind = text_at(whole, {"kind"});
  if (kind == "PodTemplate") whole = Json(at(whole, {"template"}));
  if (!kind.empty() && kind != "Pod" && kind != "PodTemplate" && kind != "PodTemplateSpec") {
    throw Unusable{"it is a " + kind + ", and no Pod or PodTemplate"};
  }
  json::object metadata;
  for (const char* part : {"labels", "annotations"}) {
    const Json& found = at(whole, {"metadata", part});
    if (found.is_null()) continue;
    if (!found.is_object()) throw Unusable{std::string{"metadata."} + part + " is no map"};
    metadata[part] = found;
  }
  json::object result;
  if (!metadata.empty()) result["metadata"] = std::move(metadata);
  const Json& spec = at(whole, {"spec"});
  if (!spec.is_object()) throw Unusable{"there is no spec in it (a pod template is {metadata, spec})"};
  for (const char* list : {"containers", "initContainers", "volumes"}) check_list(spec, list);
  result["spec"] = spec;
  // Whoever misspells one of the four is told here; what is inside of spec the server checks.
  for (const auto& [name, value] : whole.get_object()) {
    constexpr std::array known{"apiVersion", "kind", "metadata", "spec", "status"};
    if (std::none_of(known.begin(), known.end(), [&name = name](const char* one) { return name == one; })) {
      throw Unusable{"unknown field '" + std::string{name.data(), name.size()} + "'"};
    }
  }
  return result;
}

}  // namespace

Result<std::string> read_pod_template(const std::string& text, const std::string& path) {
  const auto wrong = [&path](const std::string& what) {
    return fail(ErrorKind::misconfigured, "the pod template '" + path + "': " + what);
  };
  try {
    std::size_t values = 0;
    std::string written = json::serialize(template_in(json_of(YAML::Load(text), values)));
    if (!parse_json(written)) return wrong("it is not UTF-8");
    return written;
  } catch (const Unusable& unusable) {
    return wrong(unusable.what);
  } catch (const YAML::Exception& error) {
    return wrong("it is no YAML (line " + std::to_string(error.mark.line + 1) + ": " + error.msg + ")");
  }
}

}  // namespace nmz::kubernetes
