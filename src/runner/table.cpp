#include <algorithm>
#include <array>
#include <utility>

#include "nmz/runner/runner.hpp"

#include "runners.hpp"

namespace nmz::runner {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Runner> (*make)();
};
constexpr std::array table{
    Entry{"pytest", make_pytest},
    Entry{"unittest", make_unittest},
    Entry{"ctest", make_ctest},
    Entry{"gtest", make_gtest},
    Entry{"go", make_go},
    Entry{"cargo", make_cargo},
    Entry{"jest", make_jest},
    Entry{"vitest", make_vitest},
    Entry{"mocha", make_mocha},
    Entry{"node", make_node},
    Entry{"bats", make_bats},
    Entry{"prove", make_prove},
    Entry{"meson", make_meson},
    Entry{"make-check", make_make_check},
    Entry{"junit-files", make_junit_files},
};

}  // namespace

std::unique_ptr<Runner> make(std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &Entry::name);
  return found == table.end() ? nullptr : found->make();
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  all.reserve(table.size());
  for (const Entry& one : table) all.emplace_back(one.name);
  return all;
}

bool Surroundings::has(std::string_view file) const { return std::ranges::find(files, file) != files.end(); }

bool Surroundings::says(const std::string& file, std::string_view text) const {
  return has(file) && content(file).find(text) != std::string::npos;
}

std::string Surroundings::ending(std::string_view suffix) const {
  const auto found = std::ranges::find_if(files, [suffix](const std::string& file) { return file.ends_with(suffix); });
  return found == files.end() ? std::string{} : *found;
}

std::vector<Found> detect(const Surroundings& directory) {
  std::vector<Found> all;
  for (const Entry& one : table) {
    std::string because = one.make()->detect(directory);
    if (!because.empty()) all.push_back({std::string{one.name}, std::move(because)});
  }
  return all;
}

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::error:
      return "error";
    case Verdict::skipped:
      return "skipped";
    case Verdict::expected_failure:
      return "expected failure";
    case Verdict::disabled:
      return "disabled";
    case Verdict::timed_out:
      return "timed out";
    case Verdict::crashed:
      return "crashed";
    case Verdict::unreported:
      break;
  }
  return "not reported";
}

bool is_failure(Verdict verdict) {
  return verdict == Verdict::failed || verdict == Verdict::error || verdict == Verdict::timed_out ||
         verdict == Verdict::crashed || verdict == Verdict::unreported;
}

bool is_skip(Verdict verdict) { return verdict == Verdict::skipped || verdict == Verdict::disabled; }

Result<std::vector<std::string>> Runner::read_list(std::string_view output) const {
  std::vector<std::string> ids;
  while (!output.empty()) {
    const std::string_view line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(output.size(), line.size() + 1));
    if (!line.empty()) ids.emplace_back(line);
  }
  return ids;
}

}  // namespace nmz::runner
