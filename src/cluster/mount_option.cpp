#include "mount_option.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "nmz/command_line/quantities.hpp"
#include "nmz/orchestrator/agent_archive.hpp"

namespace nmz::cluster {
namespace {

/// The fields of one line of CSV: one in quotes may hold commas, and quotes as two. Nothing: a quote is not closed.
std::optional<std::vector<std::string>> fields_of(const std::string& text) {
  std::vector<std::string> fields{""};
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"' && quoted && text.substr(at + 1, 1) == "\"") {
      fields.back() += text[at++];
    } else if (c == '"' && (quoted || fields.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) return std::nullopt;
  return fields;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// As Go reads a truth; a field without a value says yes.
std::optional<bool> truth_of(const std::string& text) {
  constexpr std::array yes{"", "1", "t", "true"};
  constexpr std::array no{"0", "f", "false"};
  const std::string word = lower(text);
  if (std::ranges::find(yes, word) != yes.end()) return true;
  if (std::ranges::find(no, word) != no.end()) return false;
  return std::nullopt;
}

std::string set_flag(bool& flag, const std::string& value) {
  const std::optional<bool> truth = truth_of(value);
  flag = truth.value_or(false);
  return truth ? "" : "'" + value + "' is neither true nor false";
}

std::string set_mode(std::uint32_t& mode, const std::string& value) {
  constexpr int octal = 8;
  const char* const last = value.data() + value.size();
  const auto [end, error] = std::from_chars(value.data(), last, mode, octal);
  return error == std::errc{} && end == last ? "" : "'" + value + "' is no mode such as 1770";
}

std::string set_pair(docker::Labels& labels, const std::string& value) {
  const std::size_t equals = value.find('=');
  labels[value.substr(0, equals)] = equals == std::string::npos ? "" : value.substr(equals + 1);
  return "";
}

std::string set_size(std::int64_t& size, const std::string& value) {
  const auto bytes = command_line::parse_memory("tmpfs-size", value);
  if (bytes) size = *bytes;
  return bytes ? "" : bytes.error().message;
}

/// What is wrong with it; empty = nothing.
std::string set_field(docker::Mount& mount, const std::string& key, const std::string& value) {
  const auto text = [&value](std::string& field) {
    field = value;
    return std::string{};
  };
  if (key == "type") return text(mount.type);
  if (key == "source" || key == "src") return text(mount.source);
  if (key == "target" || key == "destination" || key == "dst") return text(mount.target);
  if (key == "readonly" || key == "ro") return set_flag(mount.read_only, value);
  if (key == "consistency") return "";  // of docker for macOS
  if (key == "bind-propagation") return text(mount.propagation);
  if (key == "bind-nonrecursive") return set_flag(mount.non_recursive, value);
  if (key == "volume-nocopy") return set_flag(mount.no_copy, value);
  if (key == "volume-driver") return text(mount.driver);
  if (key == "volume-opt") return set_pair(mount.driver_options, value);
  if (key == "volume-label") return set_pair(mount.volume_labels, value);
  if (key == "tmpfs-size") return set_size(mount.size, value);
  if (key == "tmpfs-mode") return set_mode(mount.mode, value);
  return "unknown field '" + key + "'";
}

/// The agent would be hidden, or written into what is mounted, which is the user's own.
bool covers_the_agent(const std::string& target) {
  const std::string agents = std::filesystem::path{orchestrator::agent_place}.parent_path().string() + "/";
  return (std::filesystem::path{target}.lexically_normal().string() + "/").starts_with(agents);
}

std::string fault_of(const docker::Mount& mount) {
  const bool bind = mount.type == "bind";
  const bool volume = mount.type == "volume";
  const bool tmpfs = mount.type == "tmpfs";
  if (!bind && !volume && !tmpfs) return "the type is bind, volume or tmpfs";
  if (!mount.target.starts_with('/')) return "the target has to be an absolute path";
  if (covers_the_agent(mount.target)) return "the program that runs the tests is in that directory";
  if (bind && !mount.source.starts_with('/')) return "the source has to be an absolute path";
  if (tmpfs && !mount.source.empty()) return "a tmpfs has no source";
  if (!bind && (!mount.propagation.empty() || mount.non_recursive)) return "bind-... is for the type bind";
  const bool of_volumes =
      mount.no_copy || !mount.driver.empty() || !mount.driver_options.empty() || !mount.volume_labels.empty();
  if (!volume && of_volumes) return "volume-... is for the type volume";
  if (!tmpfs && (mount.size > 0 || mount.mode > 0)) return "tmpfs-... is for the type tmpfs";
  return "";
}

}  // namespace

Result<docker::Mount> parse_mount(const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return fail(ErrorKind::misconfigured,
                "--mount '" + text + "': " + why + " (for example type=bind,source=/data,target=/data,readonly)");
  };
  const auto fields = fields_of(text);
  if (!fields) return wrong("a quote is not closed");
  docker::Mount mount;
  for (const std::string& field : *fields) {
    const std::size_t equals = field.find('=');
    const std::string value = equals == std::string::npos ? "" : field.substr(equals + 1);
    const std::string fault = set_field(mount, lower(field.substr(0, equals)), value);
    if (!fault.empty()) return wrong(fault);
  }
  if (mount.type == "bind" && mount.source.starts_with('.')) {
    std::error_code unknown;
    mount.source = std::filesystem::absolute(mount.source, unknown).lexically_normal().string();
  }
  if (const std::string fault = fault_of(mount); !fault.empty()) return wrong(fault);
  return mount;
}

}  // namespace nmz::cluster
