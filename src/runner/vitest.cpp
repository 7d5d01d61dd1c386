// Vitest (2 and later). A workload is a test file; after -- stands what `vitest run` takes.
#include <array>
#include <string_view>
#include <utility>

#include "javascript.hpp"
#include "jest_json.hpp"
#include "runners.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace {

constexpr std::array<std::string_view, 10> value_options{
    "--dir", "-c", "--config", "-r", "--root", "--project", "-t", "--testNamePattern", "--environment", "--pool"};

class Vitest final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {"set -- list --filesOnly \"$@\"\n" + local_program("vitest") + "exec \"$@\"\n", given};
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    Script script{"set -- run --reporter=default --reporter=json --outputFile.json=\"$nmz/report.json\" \"$@\"\n" +
                      local_program("vitest") + "exec \"$@\"\n",
                  take_apart(given, value_options).options};
    script.arguments.insert(script.arguments.end(), ids.begin(), ids.end());
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> ids) const override {
    return read_jest_json(files, ids);
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    for (const char* const file : {"vitest.config.js", "vitest.config.ts", "vitest.config.mjs", "vitest.config.mts"}) {
      if (directory.has(file)) return file;
    }
    return directory.says("package.json", "\"vitest\"") ? "package.json" : "";
  }
};

}  // namespace

std::unique_ptr<Runner> make_vitest() { return std::make_unique<Vitest>(); }

}  // namespace nmz::runner
