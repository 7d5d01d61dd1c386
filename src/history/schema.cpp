#include "schema.hpp"

#include <array>
#include <string>

namespace nmz::history {
namespace {

/// Step i takes a file from version i to version i + 1. Times are nanoseconds; `last` is since 1970.
constexpr std::array steps{
    R"(CREATE TABLE suite (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE) STRICT;
       CREATE TABLE workload (
         suite INTEGER NOT NULL REFERENCES suite (id),
         id BLOB NOT NULL,
         runs INTEGER NOT NULL,
         failures INTEGER NOT NULL,
         mean REAL NOT NULL,
         last INTEGER NOT NULL,
         PRIMARY KEY (suite, id)
       ) STRICT, WITHOUT ROWID;)",
    // What the first version has seen gets variance 0, as a workload has that was seen once.
    R"(ALTER TABLE workload ADD COLUMN variance REAL NOT NULL DEFAULT 0;)",
    // verdicts.hpp; `tested`: the commit.
    R"(CREATE TABLE verdict (
         key BLOB PRIMARY KEY NOT NULL,
         good INTEGER NOT NULL,
         tested BLOB NOT NULL,
         last INTEGER NOT NULL
       ) STRICT, WITHOUT ROWID;
       CREATE INDEX verdict_last ON verdict (last);)",
    // `good` is a history::Said. What was there is of no use without its question.
    R"(DELETE FROM verdict;
       ALTER TABLE verdict ADD COLUMN question BLOB NOT NULL DEFAULT x'';
       ALTER TABLE verdict ADD COLUMN log BLOB NOT NULL DEFAULT x'';
       CREATE INDEX verdict_question ON verdict (question);
       CREATE TABLE flaky_question (
         question BLOB PRIMARY KEY NOT NULL,
         last INTEGER NOT NULL
       ) STRICT, WITHOUT ROWID;)",
    // `number`: which execution of the workload it was, from 1.
    R"(CREATE TABLE execution (
         suite INTEGER NOT NULL REFERENCES suite (id),
         id BLOB NOT NULL,
         number INTEGER NOT NULL,
         took REAL NOT NULL,
         passed INTEGER NOT NULL,
         node BLOB NOT NULL,
         runner BLOB NOT NULL,
         PRIMARY KEY (suite, id, number)
       ) STRICT, WITHOUT ROWID;)",
    // `tested`: the commit, in hexadecimal digits; empty where it is not known.
    R"(ALTER TABLE execution ADD COLUMN tested BLOB NOT NULL DEFAULT x'';)",
};

struct Header {
  std::int64_t owner = 0;
  std::int64_t version = 0;
  std::int64_t tables = 0;
};

Result<Header> read_header(const Connection& connection) {
  const auto owner = connection.number("PRAGMA application_id");
  if (!owner) return tl::unexpected{owner.error()};
  const auto version = connection.number("PRAGMA user_version");
  if (!version) return tl::unexpected{version.error()};
  const auto tables = connection.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected{tables.error()};
  Header header;
  header.owner = *owner;
  header.version = *version;
  header.tables = *tables;
  return header;
}

bool is_new(const Header& header) { return header.owner == 0 && header.version == 0 && header.tables == 0; }

/// The version to start from. Within a transaction: the answers must be of one state, or a file that another process
/// is just making would look like another program's.
Result<std::int64_t> usable_version(const Connection& connection) {
  const auto header = read_header(connection);
  if (!header) return tl::unexpected{header.error()};
  if (is_new(*header)) return 0;
  const std::string file = "'" + connection.file().string() + "'";
  const std::string otherwise = ", " + std::string{another_file};
  if (header->owner != application_id || header->version < 1) {
    return fail(ErrorKind::misconfigured, file + " is a database of another program: move it away" + otherwise);
  }
  if (header->version > schema_version()) {
    return fail(ErrorKind::misconfigured, "the history " + file + " was written by a newer version of this program (" +
                                              "format " + std::to_string(header->version) + ", known here up to " +
                                              std::to_string(schema_version()) + "): use that one" + otherwise);
  }
  return header->version;
}

}  // namespace

std::int64_t schema_version() { return static_cast<std::int64_t>(steps.size()); }

Result<void> prepare_schema(Connection& connection) {
  {
    const auto reading = Transaction::read(connection);
    if (!reading) return tl::unexpected{reading.error()};
    const auto found = usable_version(connection);
    if (!found) return tl::unexpected{found.error()};
    if (*found == schema_version()) return {};
  }
  auto transaction = Transaction::write(connection);
  if (!transaction) return tl::unexpected{transaction.error()};
  const auto version = usable_version(connection);  // another process may have been faster
  if (!version) return tl::unexpected{version.error()};
  for (auto step = static_cast<std::size_t>(*version); step < steps.size(); ++step) {
    if (auto done = connection.execute(steps.at(step)); !done) return done;
  }
  // Both are kept in the file's header, within the transaction.
  auto marked = connection.execute("PRAGMA application_id = " + std::to_string(application_id) +
                                   "; PRAGMA user_version = " + std::to_string(schema_version()));
  if (!marked) return marked;
  return transaction->commit();
}

}  // namespace nmz::history
