#include "nmz/configuration/configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <ranges>
#include <system_error>
#include <utility>

#include "nmz/git_program/git_program.hpp"

namespace nmz::configuration {
namespace fs = std::filesystem;
namespace {

/// git names files as it found them: from the top of the work tree, which is here or above.
std::string absolute_origin(const std::string& origin, const fs::path& start) {
  constexpr std::string_view file = "file:";
  if (!origin.starts_with(file)) return origin;
  const fs::path named = origin.substr(file.size());
  std::error_code error;
  for (fs::path above = start;; above = above.parent_path()) {
    const fs::path path = above / named;
    if (fs::exists(path, error)) return std::string{file} + path.lexically_normal().string();
    if (above == above.parent_path()) return origin;
  }
}

/// Takes what is before the next NUL from `text`.
std::string field(std::string_view& text) {
  const std::size_t end = std::min(text.find('\0'), text.size());
  std::string taken{text.substr(0, end)};
  text.remove_prefix(std::min(text.size(), end + 1));
  return taken;
}

/// SCOPE NUL ORIGIN NUL KEY [LF VALUE] NUL, for each.
std::vector<Value> parse(std::string_view text, const fs::path& start) {
  std::vector<Value> values;
  while (!text.empty()) {
    Value value;
    value.scope = field(text);
    value.origin = absolute_origin(field(text), start);
    value.key = field(text);
    const std::size_t split = value.key.find('\n');
    value.alone = split == std::string::npos;
    value.value = value.alone ? "true" : value.key.substr(split + 1);
    value.key.resize(std::min(split, value.key.size()));
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

Result<std::vector<Value>> read(const std::string& directory) {
  std::error_code error;
  git_program::GitCommand command;
  command.arguments = {"config", "-z", "--show-scope", "--show-origin", "--get-regexp", R"(^nmz\.)"};
  command.directory = directory.empty() ? "." : directory;
  const Result<git_program::GitText> text = git_program::run_git(command);
  if (!text) {
    const bool no_git = text.error().kind == ErrorKind::misconfigured;
    return no_git ? Result<std::vector<Value>>{} : tl::unexpected<Error>{text.error()};
  }
  constexpr int none = 1;
  if (text->exit_code != 0 && text->exit_code != none) {
    return fail(ErrorKind::misconfigured, "git's configuration: " + git_program::complaint(text->err));
  }
  return parse(text->out, fs::absolute(command.directory, error));
}

std::optional<std::string> last(const std::vector<Value>& values, std::string_view key) {
  const auto backwards = std::views::reverse(values);
  const auto found = std::ranges::find(backwards, key, &Value::key);
  return found == backwards.end() ? std::nullopt : std::optional{found->value};
}

std::vector<std::string> all(const std::vector<Value>& values, std::string_view key) {
  std::vector<std::string> found;
  for (const Value& value : values) {
    if (value.key != key) continue;
    if (value.value.empty()) {
      found.clear();
    } else {
      found.push_back(value.value);
    }
  }
  return found;
}

}  // namespace nmz::configuration
