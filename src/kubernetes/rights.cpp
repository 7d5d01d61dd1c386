#include "nmz/kubernetes/rights.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace nmz::kubernetes {
namespace {

struct Need {
  std::string_view group;
  std::string_view resource;
  std::string_view verbs;  ///< separated by blanks
  std::string_view why;
};

constexpr std::array needs{
    Need{"batch", "jobs", "create get list patch delete", "the workers are the pods of one Job"},
    Need{"", "configmaps", "create delete", "the agent comes to them in a ConfigMap"},
    Need{"", "pods", "list watch delete", "what becomes of them"},
    Need{"", "pods/attach", "get create", "their input and output are the connection"},
};

constexpr unsigned minor_of_create = 35;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

bool has(const std::vector<std::string>& all, std::string_view wanted) {
  return std::find_if(all.begin(), all.end(),
                      [wanted](const std::string& one) { return one == "*" || one == wanted; }) != all.end();
}

bool grants(const Rule& rule, const Right& right) {
  const std::size_t slash = right.resource.find('/');
  const bool by_part = slash != std::string::npos && has(rule.resources, "*" + right.resource.substr(slash));
  return !rule.of_names && has(rule.verbs, right.verb) && has(rule.groups, right.group) &&
         (by_part || has(rule.resources, right.resource));
}

}  // namespace

std::vector<Right> missing_rights(const std::vector<Rule>& rules, const std::vector<Right>& needed) {
  std::vector<Right> missing;
  for (const Right& right : needed) {
    const bool granted = std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) { return grants(rule, right); });
    if (!granted) missing.push_back(right);
  }
  return missing;
}

std::vector<Right> needed_rights(const ServerVersion& server) {
  std::vector<Right> rights;
  for (const Need& rule : needs) {
    for (std::string& verb : words(rule.verbs)) {
      if (rule.resource == "pods/attach" && verb == "create" && !server.is_at_least(minor_of_create)) continue;
      rights.emplace_back(std::string{rule.group}, std::string{rule.resource}, std::move(verb));
    }
  }
  return rights;
}

std::string words_of(const Right& right) {
  const std::size_t slash = std::min(right.resource.find('/'), right.resource.size());
  const std::string group = right.group.empty() ? "" : "." + right.group;
  return right.verb + " " + right.resource.substr(0, slash) + group + right.resource.substr(slash);
}

std::string role_manifest(const std::string& name_space) {
  std::string text =
      "apiVersion: rbac.authorization.k8s.io/v1\n"
      "kind: Role\n"
      "metadata:\n"
      "  name: nmzswarm\n" +
      fmt::format("  namespace: {}\n", name_space) + "rules:\n";
  for (const Need& rule : needs) {
    text +=
        fmt::format("- apiGroups: [\"{}\"]  # {}\n  resources: [{}]\n  verbs: [", rule.group, rule.why, rule.resource);
    bool first = true;
    for (const std::string& verb : words(rule.verbs)) {
      text += fmt::format("{}{}", first ? "" : ", ", verb);
      first = false;
    }
    text += "]\n";
  }
  return text;
}

}  // namespace nmz::kubernetes
