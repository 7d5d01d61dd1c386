// The files that say where clusters are and who one is there ("kubeconfig (v1)"). Pure: text in, values out.
//
// yaml-cpp is in one file (kubeconfig.cpp): JSON is YAML as well.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/kubernetes/access.hpp"

namespace nmz::kubernetes {

struct Kubeconfig {
  Kubeconfig() = default;
  /// Of clusters and of users what is theirs of an Access; the rest of it is empty.
  struct Cluster {
    Cluster() = default;
    Access access;
    std::string proxy;
  };
  struct User {
    User() = default;
    Access access;
    bool auth_provider = false;  ///< a kind of credentials that kubectl has given up
  };
  struct Context {
    Context() = default;
    std::string cluster;
    std::string user;
    std::string name_space;
  };

  std::string current_context;
  std::map<std::string, Cluster> clusters;
  std::map<std::string, User> users;
  std::map<std::string, Context> contexts;

  /// What `later` has and this has not.
  void merge(Kubeconfig later);
  /// What a context comes to; its server has not been looked at. Errors: misconfigured.
  [[nodiscard]] Result<Access> access(const std::string& context) const;
};

/// `path` is where the text is from. Errors: misconfigured.
[[nodiscard]] Result<Kubeconfig> read_kubeconfig(const std::string& text, const std::filesystem::path& path);

}  // namespace nmz::kubernetes
