// The fake API server of tests/support/kubernetes, for one test.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "nmz/files/unique_fd.hpp"

#include "support/temp_directory.hpp"

namespace nmz::kubernetes_tests {

class FakeServer {
 public:
  /// Throws std::runtime_error when it does not get ready.
  explicit FakeServer(std::vector<std::string> options = {});
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  FakeServer(FakeServer&&) = delete;
  FakeServer& operator=(FakeServer&&) = delete;
  ~FakeServer();

  /// "KUBECONFIG=..."
  [[nodiscard]] std::string variable() const { return "KUBECONFIG=" + kubeconfig().string(); }
  [[nodiscard]] std::filesystem::path kubeconfig() const { return directory_.path() / "config"; }

  /// An instruction (fake_kubernetes/control.py); returns its answer.
  std::string control(const std::string& name, const std::string& json = "{}") const;
  /// What the API says, asked with the kubeconfig's token: "GET", "/api/v1/namespaces/default/pods".
  [[nodiscard]] std::string ask(const std::string& method, const std::string& path) const;
  /// The names of all objects of a kind: "jobs", "pods", "configmaps". Not what every cluster has.
  [[nodiscard]] std::vector<std::string> names(const std::string& kind) const;
  /// Jobs, pods and ConfigMaps that are there.
  [[nodiscard]] std::vector<std::string> everything() const;

 private:
  support::TempDirectory directory_;
  files::UniqueFd stdin_;  ///< with its end the server ends
  pid_t pid_ = -1;
};

}  // namespace nmz::kubernetes_tests
