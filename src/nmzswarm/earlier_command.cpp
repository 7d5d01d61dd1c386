#include "earlier_command.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include <boost/json.hpp>

#include "nmz/logs/last_run.hpp"

#include "run_state.hpp"

namespace nmz::nmzswarm {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

constexpr const char* command_name = "command.json";
constexpr const char* list_name = "list";

std::string key_of_here() {
  std::error_code ignored;
  return hash_of("the last run in " + fs::current_path(ignored).string());
}

std::string content_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<std::string> read_words(const fs::path& directory) {
  json::error_code error;
  json::parse_options any_bytes;
  any_bytes.allow_invalid_utf8 = true;
  const json::value value = json::parse(content_of(directory / command_name), error, {}, any_bytes);
  std::vector<std::string> words;
  if (error || !value.is_array()) return words;
  for (const json::value& word : value.get_array()) {
    if (word.is_string()) words.emplace_back(word.get_string());
  }
  return words;
}

}  // namespace

std::vector<std::string> without_options(const std::vector<std::string>& words, const std::vector<std::string>& names) {
  std::vector<std::string> rest;
  for (auto word = words.begin(); word != words.end(); ++word) {
    std::string_view name{*word};
    name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
    const std::size_t equals = name.find('=');
    const bool named = word->starts_with('-') && std::ranges::find(names, name.substr(0, equals)) != names.end();
    if (!named) {
      rest.push_back(*word);
    } else if (equals == std::string_view::npos && std::next(word) != words.end()) {
      ++word;
    }
  }
  return rest;
}

Result<void> keep_command(logs::LogStore& logs, const std::vector<std::string>& arguments, const std::string& list) {
  json::array words;
  for (const std::string& word : arguments) words.emplace_back(word);
  auto written = logs.write(command_name, json::serialize(words) + "\n");
  if (written && !list.empty()) written = logs.write(list_name, list);
  if (!written) return written;
  std::error_code ignored;  // values of --env are in it
  fs::permissions(logs.directory() / command_name, fs::perms::owner_read | fs::perms::owner_write, ignored);
  return logs::remember_last(key_of_here(), logs.directory());
}

Result<std::vector<std::string>> with_earlier_command(const std::vector<std::string>& arguments,
                                                      const std::string& log_directory) {
  fs::path directory = log_directory;
  if (directory.empty()) {
    const auto last = logs::last_run(key_of_here());
    if (!last) return tl::unexpected{last.error()};
    if (*last) directory = **last;
  }
  const std::vector<std::string> earlier = directory.empty() ? std::vector<std::string>{} : read_words(directory);
  if (earlier.empty()) {
    return fail(ErrorKind::misconfigured, "--rerun: no earlier run in this directory is known; say what to run");
  }
  const auto dashes = std::ranges::find(earlier, "--");
  const std::vector<std::string> its_options{earlier.begin(), dashes};
  std::vector<std::string> words =
      without_options(its_options, {"log-dir", "json", "junit", "trace", "html", "svg", "serve", "debug-log", "rerun"});
  std::error_code ignored;
  if (fs::exists(directory / list_name, ignored)) {
    words = without_options(words, {"workloads"});
    words.emplace_back("--workloads");
    words.push_back((directory / list_name).string());
  }
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), dashes, earlier.end());
  return words;
}

}  // namespace nmz::nmzswarm
