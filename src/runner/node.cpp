// node --test (Node.js 20 and later). A workload is a file: each is a process of its own. After -- stand files, and
// options; without files those that node itself would find in Node.js 20: *.test.js, *-test.js, *_test.js, test-*.js,
// test.js, and what is in directories called test, each also as .cjs and .mjs.
//
// A reporter of ours writes the journal: of a file the sum of its tests.
#include <array>
#include <string_view>
#include <utility>

#include "nmz/runner/journal.hpp"

#include "runners.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace {

constexpr std::array<std::string_view, 4> value_options{"--import", "--require", "-r", "--loader"};

constexpr const char* reporter = R"js(import path from 'node:path';
export default async function* report(source) {
  const files = new Map();
  const of = (file) => {
    const id = path.relative(process.cwd(), file);
    if (!files.has(id)) files.set(id, { id, tests: 0, skipped: 0, took: 0, whole: 0, detail: '', output: '' });
    return files.get(id);
  };
  for await (const { type, data } of source) {
    if (!data || !data.file) continue;
    const whole = data.name === data.file || path.resolve(String(data.name)) === data.file;
    if (type === 'test:complete' && whole) of(data.file).whole = data.details.duration_ms;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const file = of(data.file);
    if (data.nesting === 0 && !whole) { file.tests++; file.took += data.details.duration_ms; }
    if (data.skip !== undefined && data.nesting === 0) file.skipped++;
    if (type === 'test:fail' && data.todo === undefined) {
      const error = data.details.error ?? {};
      const why = String(error.cause?.message ?? error.message ?? error).split('\n')[0];
      file.failed = true;
      if (!file.detail) file.detail = whole ? why : `${data.name}: ${why}`;
      file.output += `${data.name}\n${error.cause?.stack ?? error.stack ?? why}\n`;
    }
  }
  for (const f of files.values()) {
    const verdict = f.failed ? 'failed' : f.tests > 0 && f.skipped === f.tests ? 'skipped' : 'passed';
    yield JSON.stringify({ id: f.id, verdict, took: (f.whole || f.took) / 1000, detail: f.detail,
      output: f.output.slice(-16000) }) + '\n';
  }
}
)js";

class Node final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    Words words = take_apart(given, value_options);
    if (!words.operands.empty()) return {R"(printf '%s\n' "$@")", std::move(words.operands)};
    return {
        "find . -name node_modules -prune -o -type f \\( -name '*.js' -o -name '*.cjs' -o -name '*.mjs' \\) -print |\n"
        "  grep -E '[-._]test\\.[cm]?js$|/test-[^/]*$|/test\\.[cm]?js$|/test/' | sed 's,^\\./,,' | sort\n",
        {}};
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    Script script{
        "nmz_one=\n"
        "if node --help | grep -q -e --test-concurrency; then nmz_one=--test-concurrency=1; fi\n"
        "exec node --test $nmz_one --test-reporter=spec --test-reporter-destination=stdout \\\n"
        "  --test-reporter=\"file://$nmz/nmz_report.mjs\" --test-reporter-destination=\"$nmz/report\" \"$@\"\n",
        take_apart(given, value_options).options};
    script.arguments.insert(script.arguments.end(), ids.begin(), ids.end());
    script.files.emplace_back("nmz_report.mjs", reporter);
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    return read_journals(files);
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    return directory.says("package.json", "node --test") ? "package.json" : "";
  }
};

}  // namespace

std::unique_ptr<Runner> make_node() { return std::make_unique<Node>(); }

}  // namespace nmz::runner
