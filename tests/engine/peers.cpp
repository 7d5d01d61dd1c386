#include "peers.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <crypt.h>

#include "support/temp_directory.hpp"

namespace nmz::cluster_tests {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::minutes longer_than_any_test{10};

/// The program beside the test, until it is killed.
std::future<support::Ended> beside(const conformance::Workplace& place, std::vector<std::string> argv) {
  support::Program program = place.program(place.path(), std::move(argv));
  program.timeout = longer_than_any_test;
  return std::async(std::launch::async, [program] { return support::run_program(program); });
}

void await_answer(const std::string& address, int port, const std::future<support::Ended>& ended) {
  const support::Program knock{{"bash", "-c", "exec 3<>/dev/tcp/" + address + "/" + std::to_string(port)}};
  const bool answers = conformance::wait_until([&] {
    return support::run_program(knock).exit_code == 0 ||
           ended.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  });
  if (!answers || support::run_program(knock).exit_code != 0) {
    throw std::runtime_error{"nothing answers at " + address + ":" + std::to_string(port)};
  }
}

/// As `htpasswd -B` makes it.
std::string bcrypt(const std::string& password) {
  const char* const hash = ::crypt(password.c_str(), "$2b$05$abcdefghijklmnopqrstuu");
  if (hash == nullptr) throw std::runtime_error{"crypt(3) knows no bcrypt"};
  return hash;
}

void make_key(const fs::path& file) {
  const support::Ended made =
      support::run_program(support::Program{{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file.string()}});
  if (made.exit_code != 0) throw std::runtime_error{"ssh-keygen: " + made.err};
}

}  // namespace

Registry::Registry() {
  const fs::path directory = place_.path();
  support::write_file(directory / "htpasswd", std::string{user} + ":" + bcrypt(password) + "\n");
  support::write_file(directory / "config.yml",
                      "version: 0.1\n"
                      "storage: {filesystem: {rootdirectory: " +
                          (directory / "data").string() +
                          "}}\n"
                          "http: {addr: \"" +
                          name +
                          "\"}\n"
                          "auth: {htpasswd: {realm: lab, path: " +
                          (directory / "htpasswd").string() + "}}\n");
  ended_ = beside(place_, {"docker-registry", "serve", (directory / "config.yml").string()});
  await_answer("198.18.0.254", 5000, ended_);
}

SshServer::SshServer() {
  make_key(file("host-key"));
  make_key(file("user-key"));
  const char* const engine = std::getenv("DOCKER_HOST");
  support::write_file(file("sshd_config"), "Port " + std::to_string(port) + "\nListenAddress 127.0.0.1\nHostKey " +
                                               file("host-key").string() + "\nAuthorizedKeysFile " +
                                               file("user-key.pub").string() + "\nPidFile " + file("pid").string() +
                                               "\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                                               "PermitRootLogin prohibit-password\nSetEnv DOCKER_HOST=" +
                                               (engine == nullptr ? "" : engine) + "\n");
  support::write_file(file("ssh_config"), "StrictHostKeyChecking no\nBatchMode yes\nIdentitiesOnly yes\nIdentityFile " +
                                              file("user-key").string() + "\nUserKnownHostsFile " +
                                              file("known-hosts").string() + "\n");
  const fs::path client = file("bin") / "ssh";
  support::write_file(client, "#!/bin/sh\nexec /usr/bin/ssh -F '" + file("ssh_config").string() + "' \"$@\"\n");
  fs::permissions(client, fs::perms::owner_all);
  // What sshd wants to be there, and an account that is not locked, are mounted for it alone.
  const std::string start = "mount -t tmpfs tmpfs /run && mkdir /run/sshd && sed 's/^root:!*/root:/' /etc/shadow >'" +
                            file("shadow").string() + "' && mount --bind '" + file("shadow").string() +
                            "' /etc/shadow && exec /usr/sbin/sshd -D -e -f '" + file("sshd_config").string() + "'";
  ended_ = beside(place_, {"unshare", "--mount", "--propagation", "unchanged", "sh", "-c", start});
  await_answer("127.0.0.1", port, ended_);
}

SshServer::~SshServer() {
  // It writes its title over its environment: the workplace's mark is lost.
  try {
    const int pid = std::stoi(support::read_file(file("pid")));
    if (pid > 1) ::kill(pid, SIGTERM);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it has ended already
  }
}

std::string SshServer::path_variable() const {
  const char* const path = std::getenv("PATH");
  return "PATH=" + file("bin").string() + ":" + (path == nullptr ? "/usr/bin:/bin" : path);
}

}  // namespace nmz::cluster_tests
