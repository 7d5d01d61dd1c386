#include "fake_server.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include <boost/json.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/process/spawn.hpp"

#include "support/run_program.hpp"

namespace nmz::kubernetes_tests {
namespace {

/// Until the end of what is read.
std::string read_all(int fd, char until = '\0') {
  std::string text;
  std::array<char, 4096> buffer{};
  while (until == '\0' || text.find(until) == std::string::npos) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

constexpr const char* asking = R"(
import re, ssl, sys, urllib.request
config = open(sys.argv[1]).read()
server = re.search(r'server"?: *"?(https://[^"\s]+)', config)[1]
token = re.search(r'token"?: *"?([^"\s]+)', config)[1]
request = urllib.request.Request(server + sys.argv[3], method=sys.argv[2], headers={"Authorization": "Bearer " + token})
print(urllib.request.urlopen(request, context=ssl._create_unverified_context()).read().decode())
)";

}  // namespace

FakeServer::FakeServer(std::vector<std::string> options) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  const files::UniqueFd theirs_in{in[0]};
  stdin_ = files::UniqueFd{in[1]};
  const files::UniqueFd ours_out{out[0]};
  files::UniqueFd theirs_out{out[1]};
  process::SpawnRequest request;
  request.command = {NMZ_FAKE_API_SERVER, "--kubeconfig", kubeconfig().string(), "--control",
                     (directory_.path() / "control").string()};
  request.command.insert(request.command.end(), options.begin(), options.end());
  request.descriptors = {{theirs_in.get(), 0}, {theirs_out.get(), 1}};
  const auto pid = process::spawn(std::move(request));
  if (!pid) throw std::runtime_error{"the fake API server: " + pid.error().message()};
  pid_ = *pid;
  theirs_out = files::UniqueFd{};
  const std::string line = read_all(ours_out.get(), '\n');
  if (!line.starts_with("ready ")) throw std::runtime_error{"the fake API server is not ready: " + line};
}

FakeServer::~FakeServer() {
  stdin_ = files::UniqueFd{};
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

std::string FakeServer::control(const std::string& name, const std::string& json) const {
  const files::UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  const std::string path = (directory_.path() / "control").string();
  std::memcpy(static_cast<char*>(place.sun_path), path.c_str(), std::min(path.size() + 1, sizeof place.sun_path));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {  // NOLINT
    throw std::runtime_error{"the fake API server's control is not there"};
  }
  const std::string request = "POST /" + name + " HTTP/1.1\r\nHost: fake\r\nConnection: close\r\nContent-Length: " +
                              std::to_string(json.size()) + "\r\n\r\n" + json;
  if (::write(socket.get(), request.data(), request.size()) < 0) throw std::runtime_error{"control does not listen"};
  const std::string answer = read_all(socket.get());
  if (answer.find(" 200 ") != 8) throw std::runtime_error{"the fake API server refuses " + name + ": " + answer};
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

std::string FakeServer::ask(const std::string& method, const std::string& path) const {
  support::Program program{{"python3", "-c", asking, kubeconfig().string(), method, path}};
  const support::Ended ended = support::run_program(program);
  if (ended.exit_code != 0) throw std::runtime_error{method + " " + path + ": " + ended.err};
  return ended.out;
}

std::vector<std::string> FakeServer::names(const std::string& kind) const {
  std::vector<std::string> found;
  const auto told = boost::json::parse(control("objects"));
  for (const auto& name : told.at(kind).as_array()) found.emplace_back(name.as_string());
  return found;
}

std::vector<std::string> FakeServer::everything() const {
  std::vector<std::string> all;
  for (const char* kind : {"jobs", "pods", "configmaps"}) {
    for (const std::string& name : names(kind)) all.push_back(name);
  }
  return all;
}

}  // namespace nmz::kubernetes_tests
