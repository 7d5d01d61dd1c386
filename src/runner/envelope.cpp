#include "nmz/runner/envelope.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace nmz::runner {
namespace {

/// $nmz is the shell's own, not exported. A subshell has no traps, so the runner meets its signals as it would alone.
constexpr const char* directory =
    "nmz=$(mktemp -d) || exit 125\n"
    "trap 'rm -rf \"$nmz\"' EXIT\n";

constexpr const char* report =
    "nmz_status=$?\n"
    "for nmz_file in \"$nmz\"/report*; do\n"
    "  [ -f \"$nmz_file\" ] || continue\n"
    "  printf '\\n%s %s %s\\n' \"$nmz_mark\" \"$(($(wc -c <\"$nmz_file\")))\" \"${nmz_file##*/}\"\n"
    "  cat \"$nmz_file\"\n"
    "done\n"
    "printf '\\n%s end %s\\n' \"$nmz_mark\" \"$nmz_status\"\n"
    "exit \"$nmz_status\"\n";

Command around(const Script& script, const std::string& before, const std::string& after) {
  Command command;
  std::string text = before;
  for (const auto& [name, content] : script.files) text += R"(printf '%s' "$1" >"$nmz/)" + name + "\"; shift\n";
  text += "(\n" + script.text + "\n) </dev/null\n" + after;
  command.argv = {"/bin/sh", "-c", std::move(text), "sh"};
  for (const auto& [name, content] : script.files) command.argv.push_back(content);
  command.argv.insert(command.argv.end(), script.arguments.begin(), script.arguments.end());
  return command;
}

/// How many bytes at the end of `text` are a beginning of `mark`.
std::size_t begun(std::string_view text, std::string_view mark) {
  for (std::size_t size = std::min(text.size(), mark.size() - 1); size > 0; --size) {
    if (text.ends_with(mark.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

std::vector<std::string> marked_listing(const std::string& mark, const std::vector<std::string>& lister) {
  constexpr const char* script =
      "nmz_mark=$1; shift\n"
      "nmz_list=$(unset nmz_mark; \"$@\") || exit\n"
      "printf '%s\\n%s\\n' \"$nmz_mark\" \"$nmz_list\"\n";
  std::vector<std::string> argv{"/bin/sh", "-c", script, "sh", mark};
  argv.insert(argv.end(), lister.begin(), lister.end());
  return argv;
}

Command listing(const Script& script) { return around(script, directory, ""); }

Command enveloped(const Script& script, std::span<const std::string> ids, const std::string& mark) {
  const std::string before =
      std::string{"IFS= read -r nmz_mark\n"} + directory + "trap : TERM INT HUP\ncat >\"$nmz/ids\"\n";
  Command command = around(script, before, report);
  command.input = mark + "\n";
  for (const std::string& id : ids) command.input += id + "\n";
  return command;
}

std::string Envelope::take(std::string_view bytes) {
  if (reports_) {
    report_ += bytes;
    return {};
  }
  held_ += bytes;
  const std::size_t at = held_.find(mark_);
  std::string output;
  if (at != std::string::npos) {
    reports_ = true;
    report_ = held_.substr(at);
    output = held_.substr(0, at);
    held_.clear();
    return output;
  }
  const std::size_t kept = begun(held_, mark_);
  output = held_.substr(0, held_.size() - kept);
  held_.erase(0, held_.size() - kept);
  return output;
}

std::string Envelope::finish() { return std::exchange(held_, {}); }

std::optional<std::vector<File>> Envelope::files() const {
  std::vector<File> files;
  std::string_view rest{report_};
  while (rest.starts_with(mark_)) {
    rest.remove_prefix(mark_.size());
    const std::string_view head = rest.substr(0, rest.find('\n'));
    if (head.size() == rest.size()) return std::nullopt;
    rest.remove_prefix(head.size() + 1);
    if (head.starts_with("end ")) return files;
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), length);
    if (error != std::errc{} || end == head.data() + head.size() || length > rest.size()) return std::nullopt;
    const auto named = static_cast<std::size_t>(end - head.data()) + 1;
    files.push_back({std::string{head.substr(named)}, std::string{rest.substr(0, length)}});
    rest.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace nmz::runner
