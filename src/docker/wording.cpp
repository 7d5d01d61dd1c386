#include "wording.hpp"

#include <filesystem>
#include <string>

namespace nmz::docker {
namespace {

/// Which files were used, in words of somebody who chose them.
std::string certificates_hint(const Endpoint& endpoint) {
  const auto used = [](const char* what, const std::filesystem::path& file) {
    return std::string{what} + (file.empty() ? "none" : file.string());
  };
  return " (authority: " + (endpoint.ca.empty() ? "the system's" : endpoint.ca.string()) +
         used(", certificate: ", endpoint.certificate) + "; DOCKER_CERT_PATH or the context names their directory)";
}

/// What only the user can change; the message goes around the place.
Error not_reached(const std::string& before, const Endpoint& endpoint, const std::string& after) {
  return {ErrorKind::misconfigured, before + endpoint.text() + after};
}

}  // namespace

Error worded(const http::Failure& failure, const Endpoint& endpoint) {
  using Kind = http::Failure::Kind;
  const std::string where = endpoint.text();
  const std::string& detail = failure.detail;
  switch (failure.kind) {
    case Kind::unusable:
      return {ErrorKind::misconfigured, detail};
    case Kind::no_command:
      return {ErrorKind::misconfigured,
              "cannot start '" + endpoint.dial.front() + "' to reach the Docker Engine: " + detail};
    case Kind::no_permission:
      return not_reached("no permission to use the Docker Engine at ", endpoint,
                         " (become a member of the docker group, or use sudo)");
    case Kind::nobody_there:
      return not_reached("no Docker Engine answers at ", endpoint,
                         ": " + detail + " (is dockerd running? --host, DOCKER_HOST or a context names another)");
    case Kind::unknown_host:
      return not_reached("cannot find the host of the Docker Engine at ", endpoint, "");
    case Kind::untrusted:
      return not_reached("no trusted TLS connection to the Docker Engine at ", endpoint,
                         ": " + detail + certificates_hint(endpoint));
    case Kind::tls_refused:
      return not_reached("the Docker Engine at ", endpoint,
                         " refuses the TLS connection: " + detail + certificates_hint(endpoint));
    case Kind::command_failed:
      return not_reached("cannot reach the Docker Engine at ", endpoint, ": " + detail);
    case Kind::not_http:
      return not_reached("what answers at ", endpoint,
                         " is no Docker Engine (a port for TLS needs DOCKER_TLS_VERIFY=1)");
    case Kind::unreachable:
      return {ErrorKind::retryable, "cannot reach the Docker Engine at " + where + ": " + detail};
    case Kind::timed_out:
      return {ErrorKind::timed_out, "the Docker Engine at " + where + " did not answer in time"};
    case Kind::too_long:
      return {ErrorKind::rejected, "the Docker Engine's answer is too long"};
    case Kind::bad_request:
      return {ErrorKind::rejected, detail};
    case Kind::cancelled:
    case Kind::stopped:
      return {ErrorKind::cancelled, "cancelled"};
    case Kind::malformed:
    case Kind::closed:
    case Kind::broken:
      break;
  }
  return {ErrorKind::retryable, "the connection to the Docker Engine at " + where + " broke: " + detail};
}

Error worded(const http::Failure& failure) {
  if (failure.kind == http::Failure::Kind::cancelled) return {ErrorKind::cancelled, "cancelled"};
  return {ErrorKind::retryable, failure.detail};
}

}  // namespace nmz::docker
