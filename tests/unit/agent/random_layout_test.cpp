// Random histories against a model.
//
// Each round: a random commit follows the last one, sent as the difference (what the agent reported as changed is sent
// again); then a random test vandalises the tree. After every laying out the tracked files have to be exactly the
// commit's, whatever happened before; with clean nothing else may be there, and nothing outside may ever change.
// The model is a map; the seed is printed on failure.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

using job::OutcomeKind;
using wire::FileMode;

using Commit = std::map<std::string, File>;

class RandomTest {
 public:
  explicit RandomTest(unsigned seed) : random_{seed} {}

  std::size_t number(std::size_t below) { return random_() % below; }

  /// Few names, so that files and directories often want the same place.
  std::string path() {
    static const std::vector<std::string> names{"a", "b", "c"};
    std::string result = names[number(3)];
    for (std::size_t depth = number(4); depth > 0; --depth) {
      result += '/' + names[number(3)];
    }
    return result;
  }

  Commit commit() {
    Commit result;
    for (std::size_t files = number(12); files > 0; --files) {
      const std::string candidate = path();
      const auto conflicts = [&](const auto& entry) {
        return entry.first.starts_with(candidate + '/') || candidate.starts_with(entry.first + '/');
      };
      if (std::ranges::none_of(result, conflicts)) {
        const std::string content(number(3) == 0 ? number(200'000) : number(4), static_cast<char>('0' + number(3)));
        const auto mode = static_cast<FileMode>(number(3));
        File file{candidate, mode == FileMode::symlink ? "../" + path() : content, mode};
        file.keep_if_same = number(2) == 0;
        result.insert_or_assign(candidate, file);
      }
    }
    return result;
  }

  std::string vandalism() {
    std::string script;
    for (std::size_t acts = number(6); acts > 0; --acts) {
      // $v: the victim, $o: another path.
      static const std::vector<std::string> choices{
          "rm -rf $v",
          "rm -rf $v; mkdir -p $v/x; true > $v/x/y",
          "rm -rf $v; ln -s $OUT $v",
          "printf 0 1<> $v",
          "chmod 000 $v",
          "mv $v $o",
          "mkdir -p $v; true > $v/built",
          "rm -rf $v; mkfifo $v",
          "ln -f $v $o",
      };
      script += "v=" + path() + " o=" + path() + "; { ";
      script += choices[number(choices.size())];
      script += "; } 2> /dev/null < /dev/null; ";
    }
    return script + "true";
  }

 private:
  std::mt19937 random_;
};

std::map<std::string, std::string> expected_of(const Commit& commit) {
  std::map<std::string, std::string> expected;
  for (const auto& [path, file] : commit) {
    const char* kind = file.mode == FileMode::symlink      ? "link "
                       : file.mode == FileMode::executable ? "executable "
                                                           : "file ";
    expected[path] = kind + file.content;
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      expected[path.substr(0, slash)] = "directory";
    }
  }
  return expected;
}

bool same(const File& a, const File& b) { return a.content == b.content && a.mode == b.mode; }

void run_history(unsigned seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomTest random{seed};
  Worker worker;
  support::write_file(worker.outside() / "x/y", "sentinel");
  support::write_file(worker.outside() / "a", "sentinel");
  Commit last;
  std::set<std::string> changed;
  ASSERT_EQ(worker.lay_out({}, {}, replace_all).kind, OutcomeKind::exited);
  for (int round = 0; round < 12; ++round) {
    const Commit next = random.number(5) == 0 ? last : random.commit();
    std::vector<std::string> removed;
    std::vector<File> files;
    for (const auto& [path, file] : last) {
      if (!next.contains(path)) {
        removed.push_back(path);
      }
    }
    for (const auto& [path, file] : next) {
      const auto before = last.find(path);
      if (before == last.end() || changed.contains(path) || !same(before->second, file)) {
        files.push_back(file);
      }
    }
    const auto outside = snapshot(worker.outside());
    const bool cleans = random.number(2) == 0;
    const auto outcome = worker.lay_out(files, removed, cleans ? clean : change);
    ASSERT_EQ(outcome.kind, OutcomeKind::exited) << outcome.detail;
    const auto expected = expected_of(next);
    auto found = snapshot(worker.tree());
    for (const auto& [path, what] : expected) {
      ASSERT_EQ(found[path], what) << path << " in round " << round;
    }
    if (cleans) {
      ASSERT_EQ(found, expected) << "round " << round;
    }
    ASSERT_EQ(snapshot(worker.outside()), outside) << "round " << round;
    auto vandal = worker.shell(random.vandalism());
    vandal.env = {"OUT=" + worker.outside().string()};
    const auto result = worker.run(vandal);
    ASSERT_EQ(result.finished.outcome.code, 0);
    // A vandal may write through its own symlinks; only the agent may not.
    changed = {result.changed.begin(), result.changed.end()};
    last = next;
  }
}

TEST(RandomLayoutTest, EveryCommitComesOutWhateverTestsDid) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    run_history(seed);
    if (::testing::Test::HasFatalFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace nmz::agent
