// Files that are no history, or that cannot be one: refused with a line that names them, and left as they are.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/history/history.hpp"

#include "schema.hpp"
#include "support/temp_directory.hpp"

namespace nmz::history {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::system_clock;
using support::read_file;
using support::write_file;
using testing::HasSubstr;

constexpr system_clock::time_point some_day{std::chrono::seconds{1'700'000'000}};

/// The file as a plain SQLite client would see it.
class Raw {
 public:
  explicit Raw(const fs::path& file) { check(sqlite3_open(file.c_str(), &handle_), "open"); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() { sqlite3_close(handle_); }

  void execute(const std::string& sql) { check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), sql); }
  /// The values of all rows, separated by '|'.
  std::string query(const std::string& sql) {
    std::string result;
    const auto add = [](void* out, int count, char** values, char** /*names*/) {
      for (int i = 0; i < count; ++i) {
        std::string& text = *static_cast<std::string*>(out);
        text += (text.empty() ? "" : "|") + std::string{values[i] == nullptr ? "NULL" : values[i]};
      }
      return 0;
    };
    check(sqlite3_exec(handle_, sql.c_str(), add, &result, nullptr), sql);
    return result;
  }

 private:
  void check(int code, const std::string& what) {
    if (code != SQLITE_OK) throw std::runtime_error{what + ": " + sqlite3_errmsg(handle_)};
  }
  sqlite3* handle_ = nullptr;
};

std::vector<Observation> many(std::size_t count) {
  std::vector<Observation> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i].workload = "workload " + std::to_string(i) + std::string(100, '.');
    result[i].took = 1s;
  }
  return result;
}

class HistoryFileTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path file() const { return temp_.path() / "history.db"; }
  [[nodiscard]] const fs::path& directory() const { return temp_.path(); }

  History open() const {
    auto opened = History::open(file());
    if (!opened) throw std::runtime_error{opened.error().message};
    return std::move(*opened);
  }

  /// One line, with the file's name, and the ways out.
  static void expect_helpful(const Error& error, const fs::path& file, const std::string& what,
                             ErrorKind kind = ErrorKind::misconfigured) {
    EXPECT_EQ(error.kind, kind) << error.message;
    EXPECT_THAT(error.message, HasSubstr("'" + file.string() + "'"));
    EXPECT_THAT(error.message, HasSubstr(what));
    EXPECT_THAT(error.message, HasSubstr("--history FILE"));
    EXPECT_THAT(error.message, testing::Not(HasSubstr("\n")));
  }

  void expect_refused(const std::string& what) const {
    const std::string before = read_file(file());
    const auto opened = History::open(file());
    ASSERT_FALSE(opened);
    expect_helpful(opened.error(), file(), what);
    EXPECT_EQ(read_file(file()), before);
    EXPECT_EQ(std::distance(fs::directory_iterator{directory()}, {}), 1) << "something was left beside the file";
  }

 private:
  support::TempDirectory temp_{"history"};
};

TEST_F(HistoryFileTest, MissingDirectoriesAreMade) {
  ASSERT_TRUE(History::open(directory() / "a" / "b" / "history.db"));
  EXPECT_TRUE(fs::exists(directory() / "a" / "b" / "history.db"));
}

TEST_F(HistoryFileTest, AnEmptyFileIsANewHistory) {
  write_file(file(), "");
  History history = open();
  EXPECT_TRUE(history.suites()->empty());
}

TEST_F(HistoryFileTest, NoNameIsSpecial) {
  const fs::path before = fs::current_path();
  fs::current_path(directory());
  for (const char* name : {":memory:", "file:x?mode=memory", "a b%20c#d"}) {
    EXPECT_TRUE(History::open(name)) << name;
    EXPECT_TRUE(fs::exists(directory() / name)) << name;
  }
  fs::current_path(before);
}

TEST_F(HistoryFileTest, TheFileSaysWhatItIs) {
  open();
  Raw raw{file()};
  EXPECT_EQ(raw.query("PRAGMA application_id"), std::to_string(application_id));
  EXPECT_EQ(raw.query("PRAGMA user_version"), std::to_string(schema_version()));
  EXPECT_EQ(raw.query("PRAGMA integrity_check"), "ok");
}

// As the first version made it.
TEST_F(HistoryFileTest, AFileOfTheFirstVersionIsMigrated) {
  {
    Raw raw{file()};
    raw.execute(R"(
      CREATE TABLE suite (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE) STRICT;
      CREATE TABLE workload (
        suite INTEGER NOT NULL REFERENCES suite (id),
        id BLOB NOT NULL,
        runs INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        mean REAL NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (suite, id)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO suite VALUES (7, x'73');
      INSERT INTO workload VALUES (7, x'61', 5, 2, 1e9, 1700000000000000000);
      PRAGMA application_id = 1315797576;
      PRAGMA user_version = 1;)");
  }
  History history = open();
  const std::vector<std::string> names{"a"};
  auto expected = history.expect("s", names);
  ASSERT_TRUE(expected && expected->at(0));
  EXPECT_EQ(expected->at(0)->mean, 1s);
  EXPECT_EQ(expected->at(0)->deviation, 0s);
  EXPECT_EQ(expected->at(0)->runs, 5);
  EXPECT_EQ(expected->at(0)->failures, 2);
  EXPECT_EQ(history.suites()->at(0).last, some_day);
  EXPECT_EQ(Raw{file()}.query("PRAGMA user_version"), std::to_string(schema_version()));

  Observation observation;
  observation.workload = "a";
  observation.took = 2s;
  ASSERT_TRUE(history.record("s", std::vector{observation}, some_day));
  expected = history.expect("s", names);
  EXPECT_EQ(expected->at(0)->mean, 1300ms);
  EXPECT_GT(expected->at(0)->deviation, 450ms);
}

TEST_F(HistoryFileTest, AMigratedFileHasTheTablesOfANewOne) {
  const auto columns = [](const fs::path& path) {
    return Raw{path}.query("SELECT name, type, \"notnull\", pk FROM pragma_table_info('workload')");
  };
  open();
  EXPECT_EQ(columns(file()),
            "suite|INTEGER|1|1|id|BLOB|1|2|runs|INTEGER|1|0|failures|INTEGER|1|0|mean|REAL|1|0|"
            "last|INTEGER|1|0|variance|REAL|1|0");
}

TEST_F(HistoryFileTest, ANewerVersionIsRefused) {
  open();
  Raw{file()}.execute("PRAGMA user_version = 999");
  expect_refused("newer");
}

TEST_F(HistoryFileTest, AnotherProgramsDatabaseIsRefused) {
  Raw{file()}.execute("CREATE TABLE bookmarks (url TEXT)");
  expect_refused("another program");
}

TEST_F(HistoryFileTest, AnotherProgramsVersionIsNotTakenForOurs) {
  Raw{file()}.execute("PRAGMA user_version = 1; PRAGMA application_id = 42; CREATE TABLE suite (id)");
  expect_refused("another program");
}

TEST_F(HistoryFileTest, WhatIsNoDatabaseIsRefused) {
  const std::string sizes[] = {"x",
                               "a list of tests\n",
                               std::string(99, 'x'),
                               std::string(4096, '\0'),
                               std::string(100'000, 'x'),
                               "SQLite format 3"};
  for (const std::string& content : sizes) {
    SCOPED_TRACE(content.substr(0, 20) + " " + std::to_string(content.size()));
    write_file(file(), content);
    expect_refused("move it away");
  }
}

TEST_F(HistoryFileTest, ADatabaseThatWasCutShortIsRefused) {
  ASSERT_TRUE(open().record("suite", many(2000), some_day));
  fs::resize_file(file(), 4096);
  expect_refused("damaged");
}

// Pages in the middle hold rubbish: the header is fine, so this shows only with the first use of the pages.
TEST_F(HistoryFileTest, ADamagedDatabaseIsToldAndNotMadeWorse) {
  ASSERT_TRUE(open().record("suite", many(2000), some_day));
  std::string bytes = read_file(file());
  std::fill(bytes.begin() + 4096L * 5, bytes.end(), '\xA5');
  write_file(file(), bytes);

  std::vector<std::string> names;
  for (const Observation& observation : many(2000)) names.push_back(observation.workload);
  {
    History history = open();
    const auto expected = history.expect("suite", names);
    ASSERT_FALSE(expected);
    expect_helpful(expected.error(), file(), "damaged");
    const auto recorded = history.record("suite", many(2000), some_day);
    ASSERT_FALSE(recorded);
    expect_helpful(recorded.error(), file(), "damaged");
    EXPECT_FALSE(history.workloads("suite"));
    EXPECT_FALSE(history.prune(PruneRequest{}));
  }
  EXPECT_TRUE(read_file(file()) == bytes) << "the file was changed";
}

TEST_F(HistoryFileTest, RandomDamageNeverCrashes) {
  ASSERT_TRUE(open().record("suite", many(300), some_day));
  const std::string good = read_file(file());
  std::uint64_t seed = 12345;
  const auto random = [&seed] { return seed = seed * 6364136223846793005ULL + 1442695040888963407ULL, seed >> 33U; };
  for (int round = 0; round < 200; ++round) {
    std::string bytes = good;
    for (std::uint64_t i = random() % 20 + 1; i > 0; --i) bytes[random() % bytes.size()] = static_cast<char>(random());
    write_file(file(), bytes);
    auto history = History::open(file());
    if (!history) {
      EXPECT_TRUE(read_file(file()) == bytes) << "round " << round;
      continue;
    }
    static_cast<void>(history->suites());
    static_cast<void>(history->workloads("suite"));
    static_cast<void>(history->record("suite", many(300), some_day));
  }
}

TEST_F(HistoryFileTest, ADirectoryIsRefused) {
  fs::create_directory(file());
  const auto opened = History::open(file());
  ASSERT_FALSE(opened);
  expect_helpful(opened.error(), file(), "directory");
  EXPECT_TRUE(fs::is_empty(file()));
}

TEST_F(HistoryFileTest, APipeIsRefusedWithoutWaitingForItsWriter) {
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  const auto opened = History::open(file());
  ASSERT_FALSE(opened);
  expect_helpful(opened.error(), file(), "not a regular file");
}

TEST_F(HistoryFileTest, AFileInTheDirectorysPlaceIsTold) {
  write_file(directory() / "state", "");
  const auto opened = History::open(directory() / "state" / "history.db");
  ASSERT_FALSE(opened);
  expect_helpful(opened.error(), directory() / "state" / "history.db", "directory");
}

/// Runs the check in a child without root's rights and returns its message.
std::string as_nobody(const fs::path& directory, const std::function<std::string()>& check) {
  const fs::path answer = directory / "answer";
  const pid_t child = ::fork();
  if (child == 0) {
    const int out = ::open(answer.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(2);
    const std::string message = check();
    ::_exit(::write(out, message.data(), message.size()) < 0 ? 3 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error{"the child failed"};
  std::string result = read_file(answer);
  fs::remove(answer);
  return result;
}

TEST_F(HistoryFileTest, WhatMayNotBeWrittenIsToldAtOnce) {
  ASSERT_TRUE(open().record("suite", many(10), some_day));
  const std::string before = read_file(file());
  const auto message = [this] {
    const auto opened = History::open(file());
    return opened ? std::string{"no error"} : opened.error().message;
  };
  const auto expect_told = [&](const std::string& what) {
    const std::string told = as_nobody(directory(), message);
    expect_helpful(Error{ErrorKind::misconfigured, told}, file(), what);
    EXPECT_EQ(read_file(file()), before);
  };
  fs::permissions(directory(), fs::perms::all);
  fs::permissions(file(), fs::perms{0444});
  expect_told("not writable");
  fs::permissions(file(), fs::perms{0000});
  expect_told("Permission denied");
  fs::permissions(file(), fs::perms{0666});
  fs::permissions(directory(), fs::perms{0755});
  if (::geteuid() == 0) expect_told("Permission denied");
}

TEST_F(HistoryFileTest, AFullDiskKeepsTheOldState) {
  ASSERT_EQ(::geteuid(), 0U) << "mounting needs root";
  ASSERT_EQ(::mount("none", directory().c_str(), "tmpfs", 0, "size=1m"), 0);
  {
    History history = open();
    ASSERT_TRUE(history.record("suite", many(10), some_day));
    const auto recorded = history.record("suite", many(20'000), some_day);
    ASSERT_FALSE(recorded);
    expect_helpful(recorded.error(), file(), "no space left", ErrorKind::retryable);
    EXPECT_EQ(history.workloads("suite")->size(), 10);
    EXPECT_TRUE(history.record("suite", many(10), some_day)) << "the disk has room again";
  }
  EXPECT_EQ(Raw{file()}.query("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(open().workloads("suite")->at(0).expectation.runs, 2);
  EXPECT_EQ(::umount(directory().c_str()), 0);
}

TEST_F(HistoryFileTest, ALimitOfTheFileSizeKeepsTheOldState) {
  History history = open();
  ASSERT_TRUE(history.record("suite", many(10), some_day));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 256UL * 1024;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto recorded = history.record("suite", many(20'000), some_day);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  static_cast<void>(std::signal(SIGXFSZ, handler));
  ASSERT_FALSE(recorded);
  // What SQLite says, and what the system says, of which newer versions tell.
  EXPECT_THAT(recorded.error().message, testing::AnyOf(HasSubstr("disk I/O error"), HasSubstr("File too large")));
  expect_helpful(recorded.error(), file(), "history", ErrorKind::retryable);
  EXPECT_EQ(open().workloads("suite")->size(), 10);
}

TEST_F(HistoryFileTest, ALockThatStaysIsToldAfterSomePatience) {
  open();
  auto history = History::open(file(), 100ms);
  ASSERT_TRUE(history);
  Raw other{file()};
  other.execute("BEGIN EXCLUSIVE");
  const auto start = std::chrono::steady_clock::now();
  const auto recorded = history->record("suite", many(1), some_day);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 90ms);
  ASSERT_FALSE(recorded);
  expect_helpful(recorded.error(), file(), "locked", ErrorKind::retryable);
  const auto opened = History::open(file(), 100ms);
  ASSERT_FALSE(opened);
  expect_helpful(opened.error(), file(), "locked", ErrorKind::retryable);
  other.execute("ROLLBACK");
  EXPECT_TRUE(history->record("suite", many(1), some_day));
}

}  // namespace
}  // namespace nmz::history
