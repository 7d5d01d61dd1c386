#include "nmz/run/runner_choice.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

namespace nmz::run {
namespace fs = std::filesystem;
namespace {

std::string all_names() {
  std::string all;
  for (const std::string& one : runner::names()) all += (all.empty() ? "" : ", ") + one;
  return all;
}

/// The beginning: of a file that is longer than any that describes a runner, or configures one.
std::string content_of(const std::string& path) {
  constexpr std::size_t longest = std::size_t{256} << 10;
  std::ifstream file{path, std::ios::binary};
  std::string text(longest, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

Result<ChosenRunner> detected(const fs::path& directory) {
  runner::Surroundings here;
  std::error_code error;
  for (fs::directory_iterator it{directory, error}, end; !error && it != end; it.increment(error)) {
    here.files.push_back(it->path().filename().string());
  }
  std::ranges::sort(here.files);
  here.content = [&directory](const std::string& file) { return content_of((directory / file).string()); };
  const std::vector<runner::Found> found = runner::detect(here);
  if (found.empty()) {
    return fail(
        ErrorKind::misconfigured,
        "--runner auto: nothing in this directory shows which runner its tests are for; name one of " + all_names());
  }
  ChosenRunner chosen;
  chosen.runner = runner::make(found.front().runner);
  chosen.notice = "--runner auto: " + found.front().runner + ", because of " + found.front().because;
  for (auto other = std::next(found.begin()); other != found.end(); ++other) {
    chosen.notice += (other == std::next(found.begin()) ? " (it could be " : ", ") + other->runner;
  }
  if (found.size() > 1) chosen.notice += " as well)";
  return chosen;
}

}  // namespace

Result<ChosenRunner> find_runner(const std::string& name, const std::string& directory) {
  if (name == "auto") return detected(directory);
  ChosenRunner chosen;
  chosen.runner = runner::make(name);
  if (chosen.runner) return chosen;
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) {
    return runner::described(content_of(name), name).map([&chosen](std::unique_ptr<runner::Runner> own) {
      chosen.runner = std::move(own);
      return std::move(chosen);
    });
  }
  return fail(ErrorKind::misconfigured,
              "--runner: there is neither a runner nor a file '" + name + "'; runners are auto, " + all_names());
}

}  // namespace nmz::run
