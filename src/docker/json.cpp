#include "json.hpp"

#include <cmath>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace nmz::docker {
namespace json = boost::json;

Result<Json> parse_json(std::string_view text) {
  boost::system::error_code code;
  Json value = json::parse({text.data(), text.size()}, code);
  if (code) return fail(ErrorKind::rejected, "the Docker Engine answered something that is no JSON");
  return value;
}

const Json& at(const Json& value, std::string_view path) {
  static const Json nothing;
  const Json* here = &value;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    const json::object* object = here->if_object();
    here = object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
    if (here == nullptr) return nothing;
  }
  return *here;
}

std::string text_at(const Json& value, std::string_view path) {
  const json::string* text = at(value, path).if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

std::int64_t number_at(const Json& value, std::string_view path) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr double beyond = 0x1p63;
  const Json& found = at(value, path);
  if (const std::int64_t* number = found.if_int64()) return *number;
  if (found.is_uint64()) return most;  // what fits is an int64
  const double* number = found.if_double();
  if (number == nullptr || std::isnan(*number)) return 0;
  if (*number >= beyond) return most;
  return *number < -beyond ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(*number);
}

bool flag_at(const Json& value, std::string_view path) {
  const bool* flag = at(value, path).if_bool();
  return flag != nullptr && *flag;
}

std::vector<Json> elements_at(const Json& value, std::string_view path) {
  const json::array* array = at(value, path).if_array();
  return array == nullptr ? std::vector<Json>{} : std::vector<Json>{array->begin(), array->end()};
}

std::vector<std::string> texts_at(const Json& value, std::string_view path) {
  std::vector<std::string> texts;
  for (const Json& element : elements_at(value, path)) texts.push_back(text_at(element, ""));
  return texts;
}

Labels labels_at(const Json& value, std::string_view path) {
  Labels labels;
  if (const json::object* object = at(value, path).if_object()) {
    for (const auto& [key, label] : *object) labels[std::string{key}] = text_at(label, "");
  }
  return labels;
}

Json to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

Json to_json(const Labels& labels) {
  json::object object;
  for (const auto& [name, value] : labels) object[name] = value;
  return object;
}

namespace {

std::string option_name(const std::string& type) {
  return type == "bind" ? "BindOptions" : type == "volume" ? "VolumeOptions" : "TmpfsOptions";
}

/// What is set of the fields of its type.
json::object options_of(const Mount& mount) {
  json::object options;
  if (!mount.propagation.empty()) options["Propagation"] = mount.propagation;
  if (mount.non_recursive) options["NonRecursive"] = true;
  if (mount.no_copy) options["NoCopy"] = true;
  if (!mount.volume_labels.empty()) options["Labels"] = to_json(mount.volume_labels);
  if (!mount.driver.empty() || !mount.driver_options.empty()) {
    options["DriverConfig"] = json::object{{"Name", mount.driver}, {"Options", to_json(mount.driver_options)}};
  }
  if (mount.size > 0) options["SizeBytes"] = mount.size;
  if (mount.mode > 0) options["Mode"] = mount.mode;
  return options;
}

}  // namespace

Json to_json(const std::vector<Mount>& mounts) {
  json::array array;
  for (const Mount& mount : mounts) {
    json::object object{{"Type", mount.type}, {"Target", mount.target}, {"ReadOnly", mount.read_only}};
    if (!mount.source.empty()) object["Source"] = mount.source;
    json::object options = options_of(mount);
    if (!options.empty()) object[option_name(mount.type)] = std::move(options);
    array.push_back(std::move(object));
  }
  return array;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return result;
}

Json no_health_check() { return json::object{{"Test", json::array{"NONE"}}}; }

std::string label_filter(const Labels& labels) {
  json::array list;
  for (const auto& [name, value] : labels) {
    std::string text = name;
    if (!value.empty()) text.append("=").append(value);
    list.emplace_back(text);
  }
  const json::object filters{{"label", std::move(list)}};
  return percent_encoded(json::serialize(filters));
}

}  // namespace nmz::docker
