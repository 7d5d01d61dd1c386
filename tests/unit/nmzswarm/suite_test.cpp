// How a list comes out of a master script's output, and what an execution is given.
#include "suite.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/run_program.hpp"

namespace nmz::nmzswarm {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

job::Outcome exited(std::int32_t code) {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::exited;
  outcome.code = code;
  return outcome;
}

std::vector<schedule::Expectation> nothing_known(const std::vector<std::string>& ids) {
  return std::vector<schedule::Expectation>(ids.size());
}

dispatch::Assign assigned(dispatch::Subject subject) {
  dispatch::Assign assign;
  assign.worker = job::WorkerId{3};
  assign.subject = subject;
  assign.attempt = 2;
  return assign;
}

WorkloadList list_of(std::vector<std::string> ids) {
  WorkloadList list;
  list.listed = ids.size();
  list.ids = std::move(ids);
  return list;
}

/// Among the listing's arguments.
constexpr std::size_t mark_at = 4;

class SuiteTest : public testing::Test {
 protected:
  [[nodiscard]] Suite suite(std::uint32_t workers = 2) const {
    return Suite{options, workers, {"run", "it"}, nothing_known};
  }

  /// Runs the listing job in a real shell, both outputs in one stream as an agent sends them.
  static void list(Suite& suite, const std::string& master_script) {
    suite.set_master_script(master_script);
    ASSERT_THAT(suite.plan().next(2), ElementsAre(schedule::listing));
    const wire::Run run = suite.run(assigned(schedule::listing));
    support::Program program{{"sh", "-c", "exec \"$@\" 2>&1", "sh"}};
    program.argv.insert(program.argv.end(), run.argv.begin(), run.argv.end());
    const support::Ended ended = support::run_program(program);
    for (const char byte : ended.out) suite.listing_output({&byte, 1});
    job::Outcome outcome = exited(ended.exit_code);
    suite.plan().record(schedule::listing, outcome);
  }

  Options options;
};

TEST_F(SuiteTest, TheMasterScriptsOutputIsTheList) {
  Suite it = suite();
  int told = 0;
  it.on_listed([&told] { ++told; });
  list(it, "printf 'b\\na b\\n'");
  EXPECT_FALSE(it.listing().failed) << it.listing().message;
  EXPECT_THAT(it.ids(), ElementsAre("b", "a b"));
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(it.plan().finished());
}

TEST_F(SuiteTest, WhatItWritesToStandardErrorIsNoId) {
  Suite it = suite();
  list(it, "set -x; echo noise >&2; echo a; echo noise >&2; echo b; printf 'no newline' >&2");
  EXPECT_THAT(it.ids(), ElementsAre("a", "b"));
}

TEST_F(SuiteTest, AListThatPrintsNothingIsEmptyAndOver) {
  Suite it = suite();
  list(it, "echo only noise >&2");
  EXPECT_FALSE(it.listing().failed);
  EXPECT_THAT(it.ids(), IsEmpty());
  EXPECT_TRUE(it.plan().finished());
}

TEST_F(SuiteTest, AMasterScriptThatFailsIsNamedWithItsLastLine) {
  Suite it = suite();
  list(it, "echo a; echo first >&2; echo 'it \033broke' >&2; exit 7");
  EXPECT_TRUE(it.listing().failed);
  EXPECT_THAT(it.listing().message, HasSubstr("status 7"));
  EXPECT_THAT(it.listing().message, HasSubstr("it roke"));
  EXPECT_THAT(it.listing().message, Not(HasSubstr("\n")));
  EXPECT_TRUE(it.plan().finished());
  EXPECT_THAT(it.plan().next(1), IsEmpty());
}

TEST_F(SuiteTest, AnOutputThatWasCutIsNoList) {
  Suite it = suite();
  it.set_master_script("true");
  static_cast<void>(it.plan().next(1));
  it.listing_output("a\nb\n");
  it.plan().record(schedule::listing, exited(0));
  EXPECT_TRUE(it.listing().failed);
}

TEST_F(SuiteTest, ASecondAttemptStartsAfresh) {
  Suite it = suite();
  it.set_master_script("true");
  static_cast<void>(it.plan().next(1));
  const std::string mark = it.run(assigned(schedule::listing)).argv.at(mark_at);
  it.listing_output(mark + "\nlost\n");
  it.plan().give_back(schedule::listing);
  static_cast<void>(it.plan().next(1));
  ASSERT_EQ(it.run(assigned(schedule::listing)).argv.at(mark_at), mark);
  it.listing_output(mark + "\na\n");
  it.plan().record(schedule::listing, exited(0));
  EXPECT_THAT(it.ids(), ElementsAre("a"));
}

TEST_F(SuiteTest, TheMarkCannotBeGuessed) {
  Suite one = suite();
  Suite other = suite();
  one.set_master_script("true");
  other.set_master_script("true");
  EXPECT_NE(one.run(assigned(schedule::listing)).argv.at(mark_at),
            other.run(assigned(schedule::listing)).argv.at(mark_at));
}

TEST_F(SuiteTest, WrongExpressionsAreToldAfterTheListing) {
  options.selection.filters = {"("};
  Suite it = suite();
  list(it, "echo a");
  EXPECT_TRUE(it.listing().failed);
  EXPECT_THAT(it.listing().message, HasSubstr("--filter"));
}

TEST_F(SuiteTest, AWorkloadIsOnStandardInputAndInTheEnvironment) {
  options.environment = {"A=b"};
  options.timeout = 5s;
  options.log_limit = 17;
  Suite it = suite();
  ASSERT_TRUE(it.set_list(list_of({"--x 'y'\t"})));
  const wire::Run run = it.run(assigned(0));
  EXPECT_THAT(run.argv, ElementsAre("run", "it"));
  EXPECT_EQ(run.input, "--x 'y'\t\n");
  EXPECT_THAT(run.env, ElementsAre("A=b", "NMZ_WORKER=3", "NMZ_ATTEMPT=2", "NMZ_WORKLOAD=--x 'y'\t"));
  EXPECT_EQ(run.timeout, 5s);
  EXPECT_EQ(run.log_limit, 17U);
}

TEST_F(SuiteTest, AnIdThatIsNoVariableIsOnStandardInputOnly) {
  Suite it = suite();
  const std::string long_id(200'000, 'x');
  ASSERT_TRUE(it.set_list(list_of({"a\0b"s, long_id})));
  EXPECT_EQ(it.run(assigned(0)).input, "a\0b\n"s);
  EXPECT_EQ(it.run(assigned(1)).input, long_id + "\n");
  for (const dispatch::Subject subject : {0U, 1U}) {
    EXPECT_THAT(it.run(assigned(subject)).env, Not(Contains(StartsWith("NMZ_WORKLOAD="))));
  }
}

TEST_F(SuiteTest, AChunkGetsAllItsWorkloadsAndItsNumber) {
  options.chunked = true;
  options.chunks = 2;
  Suite it = suite();
  ASSERT_TRUE(it.set_list(list_of({"a", "b", "c"})));
  EXPECT_EQ(it.chunks(), 2U);
  EXPECT_EQ(it.run(assigned(0)).input, "a\n");
  EXPECT_EQ(it.run(assigned(1)).input, "b\nc\n");
  EXPECT_THAT(it.run(assigned(1)).env, Contains("NMZ_CHUNK=1"));
  EXPECT_EQ(it.name(0), "chunk 0 (a)");
  EXPECT_EQ(it.name(1), "chunk 1 (2 workloads: b, ...)");
  EXPECT_EQ(it.log_name(1), "chunk-1");
}

TEST_F(SuiteTest, ChunksAreNeverMoreThanWorkloadsAndByDefaultAsManyAsWorkers) {
  options.chunked = true;
  Suite it = suite(3);
  ASSERT_TRUE(it.set_list(list_of({"a", "b", "c", "d"})));
  EXPECT_EQ(it.chunks(), 3U);
  options.chunks = 10;
  Suite many = suite(3);
  ASSERT_TRUE(many.set_list(list_of({"a", "b", "c", "d"})));
  EXPECT_EQ(many.chunks(), 4U);
}

TEST_F(SuiteTest, LogsHaveNamesThatAreFileNames) {
  Suite it = suite();
  ASSERT_TRUE(it.set_list(list_of({"../a b/\xff", "a", std::string(500, 'y')})));
  EXPECT_EQ(it.log_name(0), "000000-.._a_b__");
  EXPECT_EQ(it.log_name(1), "000001-a");
  EXPECT_LT(it.log_name(2).size(), 200U);
}

TEST_F(SuiteTest, WhatFitsIntoNoMessageIsRefused) {
  const std::string huge(5'000'000, 'x');
  Suite one = suite();
  const Result<void> long_id = one.set_list(list_of({"a", huge}));
  ASSERT_FALSE(long_id);
  EXPECT_THAT(long_id.error().message, HasSubstr("id is longer than"));

  std::vector<std::string> many(50, std::string(100'000, 'x'));
  for (std::size_t i = 0; i < many.size(); ++i) many[i] += std::to_string(i);
  Suite apart = suite();
  EXPECT_TRUE(apart.set_list(list_of(many)));
  options.chunked = true;
  options.chunks = 1;
  Suite together = suite();
  const Result<void> chunk = together.set_list(list_of(many));
  ASSERT_FALSE(chunk);
  EXPECT_THAT(chunk.error().message, HasSubstr("chunk 0"));
  EXPECT_THAT(chunk.error().message, HasSubstr("--chunks"));

  options.environment = {"A=" + huge};
  Suite surrounded = suite();
  EXPECT_THAT(surrounded.set_list(list_of({"a"})).error().message, HasSubstr("environment"));
}

TEST_F(SuiteTest, AListedIdThatIsTooLongEndsTheRun) {
  Suite it = suite();
  list(it, "head -c 5000000 /dev/zero | tr '\\0' x");
  EXPECT_TRUE(it.listing().failed);
  EXPECT_THAT(it.listing().message, HasSubstr("id is longer than"));
  EXPECT_TRUE(it.plan().finished());
}

}  // namespace
}  // namespace nmz::nmzswarm
