#include "wording.hpp"

#include <algorithm>
#include <string_view>

#include "json.hpp"

namespace nmz::kubernetes {
namespace {

constexpr unsigned unauthorized = 401;
constexpr unsigned forbidden = 403;
constexpr unsigned not_found = 404;
constexpr unsigned conflict = 409;
constexpr unsigned too_many = 429;
constexpr unsigned server_error = 500;
constexpr std::size_t longest_message = 1000;

std::string where(const Access& access) {
  return access.server + (access.context.empty() ? "" : " (context " + access.context + ")");
}

/// A conflict is somebody else's change at the same moment (of a quota, say), unless a name is taken.
ErrorKind kind_of(unsigned status, std::string_view reason) {
  if (status == not_found) return ErrorKind::not_found;
  if (status == unauthorized || status == forbidden) return ErrorKind::misconfigured;
  const bool may_pass = is_busy(status) || (status == conflict && reason != "AlreadyExists");
  return may_pass ? ErrorKind::retryable : ErrorKind::rejected;
}

}  // namespace

bool is_busy(unsigned status) { return status >= server_error || status == too_many; }

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, ' ');
  while (text.ends_with(' ')) text.pop_back();
  if (text.size() > longest_message) text.resize(longest_message);
  return text;
}

Error refusal(unsigned status, const std::string& body, const Access& access) {
  std::string message;
  std::string reason;
  if (const auto json = parse_json(body)) {
    message = text_at(*json, {"message"});
    reason = text_at(*json, {"reason"});
  }
  if (message.empty()) message = body.empty() ? "HTTP status " + std::to_string(status) : body;
  message = one_line(std::move(message));
  if (status == unauthorized) {
    message = "the cluster at " + where(access) + " does not accept " +
              (access.user.empty() ? "a user without credentials" : "the credentials of '" + access.user + "'") + ": " +
              message;
  }
  if (is_busy(status)) message = "the Kubernetes API server at " + where(access) + " failed: " + message;
  return {kind_of(status, reason), message};
}

Error worded(const http::Failure& failure, const Access& access) {
  using Kind = http::Failure::Kind;
  const std::string server = where(access);
  const std::string& detail = failure.detail;
  switch (failure.kind) {
    case Kind::unusable:
      return {ErrorKind::misconfigured, detail};
    case Kind::no_command:
    case Kind::no_permission:
    case Kind::nobody_there:
    case Kind::command_failed:
      return {ErrorKind::misconfigured, "no Kubernetes API server answers at " + server + ": " + detail};
    case Kind::unknown_host:
      return {ErrorKind::misconfigured, "cannot find the host of the Kubernetes API server at " + server};
    case Kind::untrusted:
    case Kind::tls_refused:
      return {ErrorKind::misconfigured,
              "no trusted TLS connection to the Kubernetes API server at " + server + ": " + detail +
                  " (the kubeconfig's certificate-authority, tls-server-name and client-certificate decide)"};
    case Kind::not_http:
      return {ErrorKind::misconfigured, "what answers at " + server + " is no Kubernetes API server"};
    case Kind::unreachable:
      return {ErrorKind::retryable, "cannot reach the Kubernetes API server at " + server + ": " + detail};
    case Kind::timed_out:
      return {ErrorKind::timed_out, "the Kubernetes API server at " + server + " did not answer in time"};
    case Kind::too_long:
      return {ErrorKind::rejected, "the Kubernetes API server's answer is too long"};
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
  return {ErrorKind::retryable, "the connection to the Kubernetes API server at " + server + " broke: " + detail};
}

Error worded(const http::Failure& failure) {
  if (failure.kind == http::Failure::Kind::cancelled) return {ErrorKind::cancelled, "cancelled"};
  return {ErrorKind::retryable, failure.detail};
}

}  // namespace nmz::kubernetes
