// nmzswarm --orchestrator funker, with workers of ours and with some that behave badly.
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "called_agent.hpp"
#include "support/called_worker.hpp"
#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::funker {
namespace {

using support::CalledWorker;
using support::result_of;
using support::send_all;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

class FunkerRunsTest : public testing::Test {
 protected:
  [[nodiscard]] support::Ended run(const std::string& places, const std::string& list,
                                   const std::vector<std::string>& options = {}) const {
    std::vector<std::string> argv{NMZ_NMZSWARM, "--orchestrator", "funker", "--endpoint", places, "--workloads", "-"};
    argv.insert(argv.end(), options.begin(), options.end());
    support::Program program{argv};
    program.directory = place_.path();
    program.input = list;
    program.env = {"HOME=" + here_, "GIT_CEILING_DIRECTORIES=" + here_};
    program.unset = {"XDG_*", "NMZ_*", "GITHUB_ACTIONS"};
    return support::run_program(program);
  }

  support::TempDirectory place_{"funker-runs"};
  std::string here_ = place_.path().string();
};

std::string numbers(int count) {
  std::string list;
  for (int i = 1; i <= count; ++i) list += std::to_string(i) + "\n";
  return list;
}

TEST_F(FunkerRunsTest, AllRunOnceWhenAWorkerDiesHalfWay) {
  // The agent is the parent of the executor's shell.
  const std::string executor = "while read -r id; do echo $id >>" + here_ + "/diary; test $id != 7 || test -e " +
                               here_ + "/killed || { touch " + here_ +
                               "/killed; kill -9 $PPID; exit 1; }; test $id != 13; done";
  const CalledAgent one{executor};
  const CalledAgent two{executor};
  const support::Ended ended = run(one.place() + "," + two.place(), numbers(20),
                                   {"--max-worker-restarts", "0", "--status-level", "all", "--json", "events"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("19 of 20 passed, 1 failed"), HasSubstr("was lost: 127.0.0.1:"),
                               HasSubstr("failed    13")));
  std::map<std::string, int> runs;
  std::istringstream diary{support::read_file(place_.path() / "diary")};
  for (std::string line; std::getline(diary, line);) ++runs[line];
  EXPECT_EQ(runs["7"], 2) << "what was under way runs elsewhere";
  runs.erase("7");
  EXPECT_THAT(runs, AllOf(SizeIs(19), Each(Pair(testing::_, 1))));
}

TEST_F(FunkerRunsTest, ChunksHaveOneVerdictAndTheirOutputIsKept) {
  const CalledAgent worker{"cat; echo \"<$NMZ_WORKLOAD>\"; exit 3"};
  const support::Ended ended = run(worker.place(), numbers(4), {"-chunks", "2"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("chunk 0 (2 workloads: 1, ...)"), HasSubstr("1\n2\n<>\n"),
                               HasSubstr("3\n4\n<>\n"), HasSubstr("0 of 4 passed, 4 failed")));
}

TEST_F(FunkerRunsTest, OneThatBehavesBadlyCostsNoResult) {
  struct Case {
    const char* told;
    CalledWorker::Answer answer;
  };
  const std::vector<Case> cases{
      {"answered something else", [](int fd, const std::string&) { send_all(fd, "HTTP/1.1 400 Bad Request\r\n\r\n"); }},
      {"answered for another chunk",
       [](int fd, const std::string&) { send_all(fd, R"({"chunk_id":-1,"successful":true,"raw_log":""})"); }},
      {"ended the call without a result", [](int, const std::string&) {}},
  };
  for (const Case& one : cases) {
    const CalledAgent good{"cat"};
    const CalledWorker bad{one.answer};
    const support::Ended ended = run(good.place() + "," + bad.place(), numbers(10), {"--max-worker-restarts", "1"});
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("10 of 10 passed"), HasSubstr(bad.place() + ' ' + one.told)));
  }
}

TEST_F(FunkerRunsTest, OneThatNeverAnswersIsATimeout) {
  const CalledWorker silent{[](int fd, const std::string&) { support::wait_for_end(fd); }};
  const support::Ended ended = run(silent.place(), "a\n", {"--timeout", "0.2s"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("0 of 1 passed, 1 timed out"));
}

TEST_F(FunkerRunsTest, AHundredMegabytesAreReadWithoutBeingKept) {
  const CalledWorker loud{[](int fd, const std::string& request) {
    const std::string piece(std::size_t{1} << 20, 'x');
    send_all(fd, "{\"chunk_id\":" + support::chunk_of(request) + ",\"successful\":true,\"raw_log\":\"");
    for (int i = 0; i < 100; ++i) send_all(fd, piece);
    send_all(fd, "\"}");
  }};
  const support::Ended ended = run(loud.place(), "a\n", {"--log-limit", "1", "--log-dir", "logs"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed
  EXPECT_LT(ended.peak_memory, std::size_t{80} << 20);
#endif
  std::uintmax_t kept = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{place_.path() / "logs"}) {
    if (entry.is_regular_file() && entry.path().filename().string().starts_with("000000-")) kept += entry.file_size();
  }
  EXPECT_GT(kept, std::uintmax_t{1} << 20);
  EXPECT_LT(kept, (std::uintmax_t{1} << 20) + 1000);
}

TEST_F(FunkerRunsTest, ItIsForNmzswarmAlone) {
  const support::Ended ended = support::run_program(
      support::Program{{NMZ_NMZBISECT, "--no-config", "a..b", "--orchestrator", "funker", "--", "true"}});
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, HasSubstr("--orchestrator funker is for nmzswarm"));
}

}  // namespace
}  // namespace nmz::funker
