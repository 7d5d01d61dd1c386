// Real peers that a test starts beside itself, on addresses that exist only in the lab: a registry that asks for a
// password, and an ssh server.
#pragma once

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "program/nmzbisect/workplace.hpp"

namespace nmz::cluster_tests {

/// Debian's docker-registry at the address of swarm-lab's command, which all nodes reach.
class Registry {
 public:
  static constexpr const char* name = "198.18.0.254:5000";
  static constexpr const char* user = "lab-user";
  static constexpr const char* password = "s3cret pass:word/?";

  /// Returns when it answers.
  Registry();

 private:
  std::future<support::Ended> ended_;  // waited for when the process has been killed by the workplace's end
  conformance::Workplace place_;
};

/// OpenSSH's sshd on the loopback, which lets root in with a key of its own, and gives it the lab's Engine.
class SshServer {
 public:
  static constexpr int port = 2222;

  /// Returns when it answers.
  SshServer();
  SshServer(const SshServer&) = delete;
  SshServer& operator=(const SshServer&) = delete;
  SshServer(SshServer&&) = delete;
  SshServer& operator=(SshServer&&) = delete;
  ~SshServer();

  /// For a client's environment: a PATH where `ssh` is the real one with a configuration of this server's. (It takes
  /// the user's from the password database, whatever HOME says.)
  [[nodiscard]] std::string path_variable() const;

 private:
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return place_.path() / name; }

  std::future<support::Ended> ended_;
  conformance::Workplace place_;
};

}  // namespace nmz::cluster_tests
