#include "nmz/configuration/configuration.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "nmz/configuration/tracked.hpp"
#include "nmz/git_program/git_program.hpp"

#include "listing.hpp"

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

/// Behind the user's, before the repository's own: who works on a repository may say otherwise for it.
void put_in(std::vector<Value>& values, std::vector<Value> tracked) {
  const auto nearer = [](const Value& one) { return one.scope != "system" && one.scope != "global"; };
  const auto at = std::ranges::find_if(values, nearer);
  values.insert(at, std::make_move_iterator(tracked.begin()), std::make_move_iterator(tracked.end()));
}

Result<void> add_tracked(const std::string& directory, Holding& holding) {
  const auto file = find_tracked(directory);
  if (!file) return tl::unexpected<Error>{file.error()};
  if (!*file) return {};
  const Result<bool> trusted = is_trusted(**file);
  if (!trusted || !*trusted) {
    const std::string why = trusted ? (*file)->trouble : trusted.error().message;
    holding.notice = (*file)->path.string() + " is not used: " + (why.empty() ? "see nmzbisect trust" : why);
    return {};
  }
  return values_of(**file).map([&](std::vector<Value>&& values) { put_in(holding.values, std::move(values)); });
}

}  // namespace

std::vector<std::string> listing(const std::vector<std::string>& from) {
  std::vector<std::string> arguments{"config"};
  arguments.insert(arguments.end(), from.begin(), from.end());
  for (const char* more : {"-z", "--show-scope", "--show-origin", "--get-regexp", R"(^nmz\.)"})
    arguments.emplace_back(more);
  return arguments;
}

Result<std::vector<Value>> list(const git_program::GitCommand& command, const fs::path& start) {
  const Result<git_program::GitText> text = git_program::run_git(command);
  if (!text) {
    const bool no_git = text.error().kind == ErrorKind::misconfigured;
    return no_git ? Result<std::vector<Value>>{} : tl::unexpected<Error>{text.error()};
  }
  constexpr int none = 1;
  if (text->exit_code != 0 && text->exit_code != none) {
    return fail(ErrorKind::misconfigured, "git's configuration: " + git_program::complaint(text->err));
  }
  return parse(text->out, start);
}

Result<Holding> consult(const std::string& directory) {
  std::error_code error;
  git_program::GitCommand command;
  command.arguments = listing({});
  command.directory = directory.empty() ? "." : directory;
  Holding holding;
  return list(command, fs::absolute(command.directory, error).lexically_normal())
      .and_then([&](std::vector<Value>&& values) {
        holding.values = std::move(values);
        return add_tracked(directory, holding);
      })
      .map([&] { return std::move(holding); });
}

Result<std::vector<Value>> read(const std::string& directory) {
  return consult(directory).map([](Holding&& holding) { return std::move(holding.values); });
}

std::optional<std::string> last(const std::vector<Value>& values, std::string_view key) {
  const auto found = std::ranges::find(values.rbegin(), values.rend(), key, &Value::key);
  return found == values.rend() ? std::nullopt : std::optional{found->value};
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
