#include "merge.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace nmz::kubernetes {
namespace json = boost::json;
namespace {

/// How a list's entries are told apart, and whether two of one name are merged.
struct Keyed {
  std::string_view list;
  std::string_view key;
  bool merge;
};

constexpr std::array keyed_lists{
    Keyed{"containers", "name", true},        Keyed{"initContainers", "name", true},
    Keyed{"volumes", "name", false},          Keyed{"env", "name", false},
    Keyed{"imagePullSecrets", "name", false}, Keyed{"volumeMounts", "mountPath", false},
};

void merge_into(Json& earlier, const Json& later, std::string_view field);

void merge_list(json::array& earlier, const json::array& later, const Keyed& how) {
  for (const Json& entry : later) {
    const std::string name = text_at(entry, {how.key});
    const auto same = [&](const Json& one) { return text_at(one, {how.key}) == name; };
    Json* const found = std::find_if(earlier.begin(), earlier.end(), same);
    if (found == earlier.end()) {
      earlier.push_back(entry);
    } else if (how.merge) {
      merge_into(*found, entry, {});
    } else {
      *found = entry;
    }
  }
}

void merge_into(Json& earlier, const Json& later, std::string_view field) {
  if (earlier.is_object() && later.is_object()) {
    json::object& to = earlier.get_object();
    for (const auto& [name, value] : later.get_object()) {
      Json* const there = to.if_contains(name);
      if (there == nullptr) {
        to[name] = value;
      } else {
        merge_into(*there, value, {name.data(), name.size()});
      }
    }
  } else if (earlier.is_array() && later.is_array() && field != "command") {
    const auto* const how = std::ranges::find(keyed_lists, field, &Keyed::list);
    if (how != keyed_lists.end()) {
      merge_list(earlier.get_array(), later.get_array(), *how);
    } else {
      for (const Json& entry : later.get_array()) earlier.get_array().push_back(entry);
    }
  } else {
    earlier = later;
  }
}

}  // namespace

Json merged(Json earlier, const Json& later) {
  merge_into(earlier, later, {});
  return earlier;
}

}  // namespace nmz::kubernetes
