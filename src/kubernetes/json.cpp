#include "json.hpp"

#include <boost/json/parse.hpp>

namespace nmz::kubernetes {
namespace json = boost::json;

Result<Json> parse_json(std::string_view text) {
  boost::system::error_code code;
  Json value = json::parse({text.data(), text.size()}, code);
  if (code) return fail(ErrorKind::rejected, "the API server answered something that is no JSON");
  return value;
}

const Json& at(const Json& value, Path path) {
  static const Json nothing;
  const Json* here = &value;
  for (const std::string_view name : path) {
    const json::object* object = here->if_object();
    here = object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
    if (here == nullptr) return nothing;
  }
  return *here;
}

std::string text_at(const Json& value, Path path) {
  const json::string* text = at(value, path).if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

std::int64_t number_at(const Json& value, Path path) {
  const std::int64_t* number = at(value, path).if_int64();
  return number == nullptr ? 0 : *number;
}

bool flag_at(const Json& value, Path path) {
  const bool* flag = at(value, path).if_bool();
  return flag != nullptr && *flag;
}

Labels labels_at(const Json& value, Path path) {
  Labels labels;
  if (const json::object* object = at(value, path).if_object()) {
    for (const auto& [key, label] : *object) labels[std::string{key}] = text_at(label, {});
  }
  return labels;
}

const json::array& array_at(const Json& value, Path path) {
  static const json::array nothing;
  const json::array* array = at(value, path).if_array();
  return array == nullptr ? nothing : *array;
}

Json to_json(const Labels& labels) {
  json::object object;
  for (const auto& [name, value] : labels) object[name] = value;
  return object;
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

}  // namespace nmz::kubernetes
