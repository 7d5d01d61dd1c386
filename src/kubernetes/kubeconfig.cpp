#include "kubeconfig.hpp"

#include <exception>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "nmz/http/base64.hpp"
#include "nmz/http/client.hpp"

#include "json.hpp"

namespace nmz::kubernetes {
namespace fs = std::filesystem;
namespace {

/// What cannot be read as it has to be; caught where the file is known.
struct Unreadable {
  std::string what;
};

std::string text_of(const YAML::Node& node, const char* key) {
  const YAML::Node value = node[key];
  if (!value || value.IsNull()) return {};
  if (!value.IsScalar()) throw Unreadable{std::string{key} + " is no text"};
  return value.Scalar();
}

bool flag_of(const YAML::Node& node, const char* key) {
  const std::string text = text_of(node, key);
  if (!text.empty() && text != "true" && text != "false")
    throw Unreadable{std::string{key} + " is neither true nor false"};
  return text == "true";
}

fs::path path_of(const YAML::Node& node, const char* key, const fs::path& directory) {
  const std::string text = text_of(node, key);
  return text.empty() ? fs::path{} : directory / text;  // an absolute one stays as it is
}

/// NAME-data is base64 of what else is in the file NAME, and wins.
http::Pem pem_of(const YAML::Node& node, const std::string& key, const fs::path& directory) {
  http::Pem pem;
  const std::string data = text_of(node, (key + "-data").c_str());
  if (data.empty()) {
    pem.file = path_of(node, key.c_str(), directory);
    return pem;
  }
  pem.text = http::from_base64(data);
  if (pem.text.empty()) throw Unreadable{key + "-data is no base64"};
  return pem;
}

Kubeconfig::Cluster cluster_of(const YAML::Node& node, const fs::path& directory) {
  Kubeconfig::Cluster cluster;
  cluster.access.server = text_of(node, "server");
  cluster.access.peer.ca = pem_of(node, "certificate-authority", directory);
  cluster.access.peer.verify = !flag_of(node, "insecure-skip-tls-verify");
  cluster.access.peer.name = text_of(node, "tls-server-name");
  cluster.proxy = text_of(node, "proxy-url");
  return cluster;
}

ExecPlugin plugin_of(const YAML::Node& node, const fs::path& directory) {
  ExecPlugin plugin;
  plugin.command = text_of(node, "command");
  if (plugin.command.empty()) throw Unreadable{"exec has no command"};
  if (plugin.command.find('/') != std::string::npos) plugin.command = (directory / plugin.command).string();
  for (const YAML::Node& argument : node["args"]) plugin.arguments.push_back(argument.as<std::string>());
  for (const YAML::Node& one : node["env"])
    plugin.environment.emplace_back(text_of(one, "name"), text_of(one, "value"));
  plugin.api_version = text_of(node, "apiVersion");
  plugin.install_hint = text_of(node, "installHint");
  plugin.provide_cluster_info = flag_of(node, "provideClusterInfo");
  plugin.always_interactive = text_of(node, "interactiveMode") == "Always";
  return plugin;
}

/// The headers (authentication docs, "User impersonation"). A header's name takes no other characters than these.
http::Headers impersonation_of(const YAML::Node& node) {
  http::Headers headers;
  if (const std::string as = text_of(node, "as"); !as.empty()) headers.emplace_back("Impersonate-User", as);
  if (const std::string uid = text_of(node, "as-uid"); !uid.empty()) headers.emplace_back("Impersonate-Uid", uid);
  for (const YAML::Node& group : node["as-groups"]) headers.emplace_back("Impersonate-Group", group.as<std::string>());
  if (const YAML::Node extra = node["as-user-extra"]; extra && extra.IsMap()) {
    for (const auto& entry : extra) {
      const std::string name = "Impersonate-Extra-" + percent_encoded(entry.first.as<std::string>());
      for (const YAML::Node& value : entry.second) headers.emplace_back(name, value.as<std::string>());
    }
  }
  if (!headers.empty() && headers.front().first != "Impersonate-User") throw Unreadable{"as-groups needs as"};
  return headers;
}

Kubeconfig::User user_of(const YAML::Node& node, const fs::path& directory) {
  Kubeconfig::User user;
  Access& access = user.access;
  access.peer.certificate = pem_of(node, "client-certificate", directory);
  access.peer.key = pem_of(node, "client-key", directory);
  access.token = text_of(node, "token");
  access.token_file = path_of(node, "tokenFile", directory);
  access.user_name = text_of(node, "username");
  access.password = text_of(node, "password");
  access.impersonation = impersonation_of(node);
  if (const YAML::Node exec = node["exec"]; exec && exec.IsMap()) access.exec = plugin_of(exec, directory);
  user.auth_provider = node["auth-provider"].IsDefined() && !node["auth-provider"].IsNull();
  return user;
}

Kubeconfig::Context context_of(const YAML::Node& node) {
  Kubeconfig::Context context;
  context.cluster = text_of(node, "cluster");
  context.user = text_of(node, "user");
  context.name_space = text_of(node, "namespace");
  return context;
}

/// Each `{name: NAME, KIND: {...}}` of a list.
template <class Take>
void each_entry(const YAML::Node& list, const char* kind, Take take) {
  if (!list || list.IsNull()) return;
  if (!list.IsSequence()) throw Unreadable{std::string{kind} + "s is no list"};
  for (const YAML::Node& entry : list) {
    const std::string name = entry.IsMap() ? text_of(entry, "name") : std::string{};
    if (name.empty()) throw Unreadable{std::string{"a "} + kind + " has no name"};
    const YAML::Node inner = entry[kind];
    try {
      take(name, inner && inner.IsMap() ? inner : YAML::Node{YAML::NodeType::Map});
    } catch (const Unreadable& wrong) {
      throw Unreadable{std::string{kind} + " '" + name + "': " + wrong.what};
    }
  }
}

Kubeconfig read(const YAML::Node& root, const fs::path& directory) {
  Kubeconfig config;
  if (root.IsNull()) return config;
  if (!root.IsMap()) throw Unreadable{"it is no map"};
  config.current_context = text_of(root, "current-context");
  // Of a name that a file has twice the first counts, as between files.
  each_entry(root["clusters"], "cluster", [&](const std::string& name, const YAML::Node& node) {
    config.clusters.emplace(name, cluster_of(node, directory));
  });
  each_entry(root["users"], "user", [&](const std::string& name, const YAML::Node& node) {
    config.users.emplace(name, user_of(node, directory));
  });
  each_entry(root["contexts"], "context",
             [&](const std::string& name, const YAML::Node& node) { config.contexts.emplace(name, context_of(node)); });
  return config;
}

std::string names_of(const std::map<std::string, Kubeconfig::Context>& contexts) {
  std::string names;
  for (const auto& [name, context] : contexts) {
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names.empty() ? "there is none" : "there are " + names;
}

}  // namespace

Result<Kubeconfig> read_kubeconfig(const std::string& text, const fs::path& path) {
  const auto wrong = [&path](const std::string& what) {
    return fail(ErrorKind::misconfigured, "the kubeconfig '" + path.string() + "': " + what);
  };
  std::error_code ignored;
  const fs::path directory = fs::absolute(path, ignored).parent_path();
  try {
    return read(YAML::Load(text), directory);
  } catch (const Unreadable& unreadable) {
    return wrong(unreadable.what);
  } catch (const YAML::Exception& error) {
    return wrong("it is no YAML (line " + std::to_string(error.mark.line + 1) + ": " + error.msg + ")");
  }
}

void Kubeconfig::merge(Kubeconfig later) {
  if (current_context.empty()) current_context = std::move(later.current_context);
  clusters.merge(later.clusters);
  users.merge(later.users);
  contexts.merge(later.contexts);
}

Result<Access> Kubeconfig::access(const std::string& context) const {
  const auto wrong = [](const std::string& what) { return fail(ErrorKind::misconfigured, what); };
  const auto found = contexts.find(context);
  if (found == contexts.end()) return wrong("no kubeconfig has a context '" + context + "'; " + names_of(contexts));
  const Context& chosen = found->second;
  const auto cluster = clusters.find(chosen.cluster);
  if (cluster == clusters.end()) {
    return wrong("the context '" + context + "' names the cluster '" + chosen.cluster + "', which no kubeconfig has");
  }
  const auto user = users.find(chosen.user);
  if (user == users.end() && !chosen.user.empty()) {
    return wrong("the context '" + context + "' names the user '" + chosen.user + "', whom no kubeconfig has");
  }
  if (user != users.end() && user->second.auth_provider) {
    return wrong("the user '" + chosen.user + "' has an auth-provider, which kubectl has given up: use an exec plugin");
  }
  Access access = user == users.end() ? Access{} : user->second.access;
  const Access& place = cluster->second.access;
  access.context = context;
  access.user = chosen.user;
  access.name_space = chosen.name_space;
  access.server = place.server;
  access.proxy_url = cluster->second.proxy;
  access.peer.ca = place.peer.ca;
  access.peer.verify = place.peer.verify;
  access.peer.name = place.peer.name;
  return access;
}

}  // namespace nmz::kubernetes
