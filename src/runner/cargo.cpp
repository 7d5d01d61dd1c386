// cargo test, with libtest, Rust's own harness. After -- stands what cargo test takes (-p, --features, ...).
//
// libtest has a report for programs only in nightly releases, so its lines are read: "test NAME ... ok". It captures
// what tests print, so that these lines are its own, unless a test writes to the descriptor itself; therefore of
// several lines about one test a failure counts. Tests run one after the other in a process, so that one that takes it
// down has begun a line and not ended it. Every test program is started for each group and runs what it has of it; a
// name that two of them have is one test. How long tests take is not told: durations are 0.
#include <unordered_map>
#include <utility>

#include "limits.hpp"
#include "runners.hpp"
#include "text_lines.hpp"

namespace nmz::runner {
namespace {

constexpr std::string_view begin = "test ";
constexpr std::string_view between = " ... ";

std::optional<Verdict> verdict_of(std::string_view word) {
  if (word.starts_with("ok")) return Verdict::passed;
  if (word.starts_with("FAILED")) return Verdict::failed;
  if (word.starts_with("ignored")) return Verdict::disabled;
  return std::nullopt;
}

/// "---- NAME stdout ----", up to an empty line before the next.
std::unordered_map<std::string, std::string> outputs_in(std::string_view text) {
  std::unordered_map<std::string, std::string> outputs;
  constexpr std::string_view head = "---- ";
  constexpr std::string_view tail = " stdout ----";
  std::string* current = nullptr;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with(head) && line.ends_with(tail)) {
      current = &outputs[std::string{line.substr(head.size(), line.size() - head.size() - tail.size())}];
    } else if (line == "failures:" || line.starts_with("test result:")) {
      current = nullptr;
    } else if (current != nullptr) {
      *current += std::string{line} + "\n";
    }
  }
  return outputs;
}

/// "thread 'x' panicked at src/lib.rs:1:2:" and the message behind it, or in the same line before Rust 1.73.
std::string panic_in(std::string_view output) {
  while (!output.empty()) {
    const std::string_view line = take_line(output);
    if (line.find("panicked at") == std::string_view::npos) continue;
    const std::string next = first_line(take_line(output));
    return line.ends_with(':') && !next.empty() ? next : first_line(line);
  }
  return {};
}

class Cargo final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {"exec cargo test --no-fail-fast \"$@\" -- --list", given};
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    std::vector<std::string> ids;
    constexpr std::string_view ending = ": test";
    while (!output.empty()) {
      const std::string_view line = take_line(output);
      if (line.ends_with(ending)) ids.emplace_back(line.substr(0, line.size() - ending.size()));
    }
    return ids;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    Script script{
        "nmz_status=0\n"
        "cargo test --no-fail-fast \"$@\" --exact >\"$nmz/report\" || nmz_status=$?\n"
        "cat \"$nmz/report\"\n"
        "exit \"$nmz_status\"\n",
        given};
    script.arguments.insert(script.arguments.end(), {"--", "--test-threads=1"});
    script.arguments.insert(script.arguments.end(), ids.begin(), ids.end());
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    Report report;
    for (const File& file : files) read(file.content, report);
    return report;
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    return directory.has("Cargo.toml") ? "Cargo.toml" : "";
  }

 private:
  static void read(std::string_view text, Report& report) {
    const auto outputs = outputs_in(text);
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      const std::size_t at = line.find(between);
      if (!line.starts_with(begin) || at == std::string_view::npos || at < begin.size()) continue;
      std::string_view name = line.substr(begin.size(), at - begin.size());
      constexpr std::string_view panics = " - should panic";
      if (name.ends_with(panics)) name.remove_suffix(panics.size());
      const auto verdict = verdict_of(line.substr(at + between.size()));
      if (!verdict) {
        report.running = std::string{name};
        continue;
      }
      TestEnd end;
      end.id = name;
      end.verdict = *verdict;
      if (const auto output = outputs.find(end.id); *verdict == Verdict::failed && output != outputs.end()) {
        end.output = excerpt(output->second);
        end.detail = panic_in(output->second);
      }
      report.ends.push_back(std::move(end));
    }
  }
};

}  // namespace

std::unique_ptr<Runner> make_cargo() { return std::make_unique<Cargo>(); }

}  // namespace nmz::runner
