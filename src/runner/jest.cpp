// Jest. A workload is a test file, which is what Jest isolates; after -- stands what it takes.
//
// The list is --listTests. Files are chosen by their paths, in one worker of Jest's (-i), for processes are our part.
#include <array>
#include <string_view>
#include <utility>

#include "javascript.hpp"
#include "jest_json.hpp"
#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace {

constexpr std::array<std::string_view, 8> value_options{
    "-c", "--config", "--rootDir", "-t", "--testNamePattern", "--testPathPattern", "--selectProjects", "--env"};

class Jest final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {local_program("jest") +
                "\"$@\" --listTests | while IFS= read -r nmz_file; do\n"
                "  printf '%s\\n' \"${nmz_file#\"$PWD\"/}\"\n"
                "done | sort\n",
            given};
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    Script script{local_program("jest") + "exec \"$@\"\n", take_apart(given, value_options).options};
    script.text = "set -- -i --json --outputFile=\"$nmz/report.json\" \"$@\"\n" + script.text;
    script.arguments.emplace_back("--runTestsByPath");
    script.arguments.insert(script.arguments.end(), ids.begin(), ids.end());
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> ids) const override {
    return read_jest_json(files, ids);
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    for (const char* const file : {"jest.config.js", "jest.config.ts", "jest.config.mjs", "jest.config.cjs"}) {
      if (directory.has(file)) return file;
    }
    return directory.says("package.json", "\"jest\"") ? "package.json" : "";
  }
};

}  // namespace

std::unique_ptr<Runner> make_jest() { return std::make_unique<Jest>(); }

}  // namespace nmz::runner
