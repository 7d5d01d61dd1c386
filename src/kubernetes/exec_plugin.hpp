// Credentials that a program hands out ("client-go credential plugins": ExecCredential of
// client.authentication.k8s.io).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/kubernetes/access.hpp"

namespace nmz::kubernetes {

struct Issued {
  Issued() = default;
  std::string token;
  std::string certificate;  ///< PEM; with its key, or neither
  std::string key;
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// The value of KUBERNETES_EXEC_INFO. Pure.
[[nodiscard]] std::string exec_info(const Access& access);
/// What a plugin has printed. Pure. Errors: misconfigured; they do not repeat it, since it may hold a secret.
[[nodiscard]] Result<Issued> parse_exec_credential(const std::string& answer, const ExecPlugin& plugin);
/// "2026-11-30T10:00:00Z", also with a fraction or an offset (RFC 3339). Pure.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_time(const std::string& text);

/// Runs the plugin of `access` and waits for it, for at most `limit`. Blocks.
[[nodiscard]] Result<Issued> run_plugin(const Access& access, std::chrono::milliseconds limit);

}  // namespace nmz::kubernetes
