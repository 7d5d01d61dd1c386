// Python's unittest. After -- stands what `python3 -m unittest discover` takes (-s, -p, -t), or names of modules.
//
// A script of ours loads the tests as unittest does, and its result object writes the journal. Subtests sum up to their
// test. What cannot be imported is a test (unittest.loader._FailedTest) and an error.
#include <utility>

#include "nmz/runner/journal.hpp"

#include "runners.hpp"

namespace nmz::runner {
namespace {

constexpr const char* program = R"py(import argparse, json, os, sys, time, traceback, unittest

here, mode = sys.argv[1], sys.argv[2]
sys.path[0] = os.getcwd()
options = argparse.ArgumentParser(prog='unittest')
options.add_argument('-s', '--start-directory', default='.')
options.add_argument('-p', '--pattern', default='test*.py')
options.add_argument('-t', '--top-level-directory')
options.add_argument('names', nargs='*')
given = options.parse_args(sys.argv[3:])
loader = unittest.TestLoader()
if given.names:
    suite = loader.loadTestsFromNames(given.names)
else:
    suite = loader.discover(given.start_directory, given.pattern, given.top_level_directory)


def tests(of):
    for one in of:
        if isinstance(one, unittest.TestSuite):
            yield from tests(one)
        else:
            yield one


if mode == 'list':
    with open(os.path.join(here, 'list'), 'w') as f:
        f.writelines(one.id() + '\n' for one in tests(suite))
    sys.exit(0)

with open(os.path.join(here, 'ids')) as f:
    wanted = f.read().split('\n')
out = open(os.path.join(here, 'report'), 'ab', 0)


def write(line):
    out.write(json.dumps(line).encode() + b'\n')


class Result(unittest.TextTestResult):
    def startTest(self, test):
        super().startTest(test)
        write({'start': test.id()})
        self.began = time.perf_counter()
        self.end = {'id': test.id(), 'verdict': 'passed', 'took': 0, 'detail': '', 'output': ''}

    def say(self, verdict, detail='', output=''):
        if self.end['verdict'] in ('failed', 'error'):
            return
        self.end.update(verdict=verdict, detail=detail, output=output[-16000:])

    def problem(self, verdict, test, err):
        text = self._exc_info_to_string(err, test)
        detail = traceback.format_exception_only(err[0], err[1])[-1].strip()
        if getattr(self, 'end', None) is None:  # setUpClass, setUpModule
            self.around = (detail, text)
        else:
            self.say(verdict, detail, text)

    def addError(self, test, err):
        super().addError(test, err)
        self.problem('error', test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.problem('failed', test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.problem('failed' if issubclass(err[0], test.failureException) else 'error', test, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say('skipped', reason) if getattr(self, 'end', None) else None

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.say('expected-failure')

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.say('failed', 'unexpected success')

    def stopTest(self, test):
        super().stopTest(test)
        self.end['took'] = time.perf_counter() - self.began
        write(self.end)
        self.seen.add(test.id())
        self.end = None


Result.end, Result.around, Result.seen = None, None, set()
by_id = {}
for one in tests(suite):
    by_id.setdefault(one.id(), one)
chosen = unittest.TestSuite(by_id[name] for name in wanted if name in by_id)
result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(chosen)
for name in wanted:
    if name in by_id and name not in result.seen:
        if result.around:
            write({'id': name, 'verdict': 'error', 'detail': result.around[0], 'output': result.around[1][-16000:]})
        elif result.skipped:
            write({'id': name, 'verdict': 'skipped', 'detail': result.skipped[-1][1]})
sys.exit(not result.wasSuccessful())
)py";

class Unittest final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    Script script{"python3 \"$nmz/nmz_unittest.py\" \"$nmz\" list \"$@\" >&2 || exit\ncat \"$nmz/list\"\n", given};
    script.files.emplace_back("nmz_unittest.py", program);
    return script;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> /*ids*/) const override {
    Script script{"exec python3 \"$nmz/nmz_unittest.py\" \"$nmz\" run \"$@\"\n", given};
    script.files.emplace_back("nmz_unittest.py", program);
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    return read_journals(files);
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    for (const std::string& file : directory.files) {
      if (file.starts_with("test_") && file.ends_with(".py") && directory.says(file, "unittest")) return file;
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Runner> make_unittest() { return std::make_unique<Unittest>(); }

}  // namespace nmz::runner
