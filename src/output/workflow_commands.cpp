#include "nmz/output/workflow_commands.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>

#include <fmt/format.h>

namespace nmz::output {
namespace {

/// The runner's white space is Unicode's; whatever is no printable ASCII may be some of it.
bool may_be_leading(char c) { return c <= ' ' || c >= '\x7f'; }

bool may_be_command(std::string_view line) {
  if (line.find("##[") != std::string_view::npos) return true;
  const auto begin = std::find_if_not(line.begin(), line.end(), may_be_leading);
  return line.substr(static_cast<std::size_t>(begin - line.begin())).starts_with("::");
}

std::string random_token() {
  std::random_device random;
  std::string token;
  constexpr int words = 4;
  for (int i = 0; i < words; ++i) token += fmt::format("{:08x}", std::uint32_t{random()});
  return token;
}

}  // namespace

bool runs_in_github_actions() {
  const char* const value = std::getenv("GITHUB_ACTIONS");  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr && std::string_view{value} == "true";
}

bool may_hold_commands(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (may_be_command(line)) return true;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return false;
}

std::string with_commands_stopped(std::string_view text, std::string_view token) {
  const char* const newline = text.ends_with('\n') ? "" : "\n";
  return fmt::format("::stop-commands::{}\n{}{}::{}::\n", token, text, newline, token);
}

std::string json_without_commands(std::string json) {
  constexpr std::string_view escaped = "\\u0023";
  // Only strings have a '#', and no line of JSON begins with a colon.
  for (std::size_t at = 0; (at = json.find("##[", at)) != std::string::npos; at += escaped.size()) {
    json.replace(++at, 1, escaped);
  }
  return json;
}

std::string without_commands(std::string text) {
  if (!runs_in_github_actions() || !may_hold_commands(text)) return text;
  std::string token = random_token();
  while (text.find(token) != std::string::npos) token = random_token();
  return with_commands_stopped(text, token);
}

}  // namespace nmz::output
