#include "sqlite.hpp"

#include <system_error>
#include <utility>

#include <sqlite3.h>

namespace nmz::history {

const std::string_view another_file = "or give another file with --history FILE";

namespace {

/// The system's word for it, or SQLite's where the system's number did not survive SQLite's own cleaning up.
std::string reason(sqlite3* handle) {
  const int number = sqlite3_system_errno(handle);
  return number == 0 ? sqlite3_errmsg(handle) : std::error_code{number, std::generic_category()}.message();
}

}  // namespace

Statement::Use::~Use() {
  // The result repeats what the last step said.
  static_cast<void>(sqlite3_reset(statement_.handle_.get()));
  static_cast<void>(sqlite3_clear_bindings(statement_.handle_.get()));
}

void Statement::Use::bound(int code) {
  if (trouble_ == SQLITE_OK) trouble_ = code;
}

Statement::Use& Statement::Use::operator()(std::int64_t value) {
  bound(sqlite3_bind_int64(statement_.handle_.get(), ++parameter_, value));
  return *this;
}

Statement::Use& Statement::Use::operator()(double value) {
  bound(sqlite3_bind_double(statement_.handle_.get(), ++parameter_, value));
  return *this;
}

Statement::Use& Statement::Use::operator()(std::string_view bytes) {
  const char* const begin = bytes.empty() ? "" : bytes.data();  // a null pointer would be NULL, not an empty blob
  bound(sqlite3_bind_blob64(statement_.handle_.get(), ++parameter_, begin, bytes.size(), SQLITE_STATIC));
  return *this;
}

Result<bool> Statement::Use::row() {
  const int code = trouble_ != SQLITE_OK ? trouble_ : sqlite3_step(statement_.handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return tl::unexpected{statement_.connection_->error(code)};
}

Result<void> Statement::Use::done() {
  const Result<bool> stepped = row();
  if (!stepped) return tl::unexpected{stepped.error()};
  return {};
}

std::int64_t Statement::Use::integer(int column) const {
  return sqlite3_column_int64(statement_.handle_.get(), column);
}

double Statement::Use::real(int column) const { return sqlite3_column_double(statement_.handle_.get(), column); }

std::string Statement::Use::bytes(int column) const {
  const void* const begin = sqlite3_column_blob(statement_.handle_.get(), column);
  const int size = sqlite3_column_bytes(statement_.handle_.get(), column);
  if (begin == nullptr) return {};
  return {static_cast<const char*>(begin), static_cast<std::size_t>(size)};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  static_cast<void>(sqlite3_finalize(statement));
}

void Connection::Close::operator()(sqlite3* handle) const noexcept { static_cast<void>(sqlite3_close_v2(handle)); }

Connection::Connection(std::filesystem::path file, std::chrono::milliseconds patience)
    : file_{std::move(file)}, patience_{patience} {}

int Connection::wait_for_others(void* connection, int tries) {
  auto& self = *static_cast<Connection*>(connection);
  if (tries == 0)
    self.wait_.emplace("the history '" + self.file_.string() + "', which another program has locked", self.patience_);
  return self.wait_->again() ? 1 : 0;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file,
                                                     std::chrono::milliseconds patience) {
  // Absolute, so that no name is special to SQLite (":memory:", "file:...").
  std::unique_ptr<Connection> connection{new Connection{std::filesystem::absolute(file), patience}};
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(connection->file_.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  connection->handle_.reset(handle);  // there is one even after a failure
  if (code != SQLITE_OK) return tl::unexpected{connection->error(code)};
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_handler(handle, wait_for_others, connection.get());
  // A file that somebody made to do harm is not to run its own triggers and views.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return connection;
}

Result<void> Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected{error(code)};
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return tl::unexpected{error(code)};
  return Statement{*this, statement};
}

Result<std::int64_t> Connection::number(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected{statement.error()};
  Statement::Use use{*statement};
  const Result<bool> row = use.row();
  if (!row) return tl::unexpected{row.error()};
  return use.integer(0);
}

std::int64_t Connection::changes() const { return sqlite3_changes64(handle_.get()); }

bool Connection::read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }

Error Connection::error(int code) const {
  const std::string file = "'" + file_.string() + "'";
  const std::string otherwise = ", " + std::string{another_file};
  switch (code & 0xFF) {  // the rest of an extended code says which call failed
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {ErrorKind::retryable, "the history " + file + " has been locked by another program for " +
                                        std::to_string(patience_.count() / 1000) + " s: wait for its end" + otherwise};
    case SQLITE_FULL:
      return {ErrorKind::retryable,
              "cannot write the history " + file + ": no space left on its disk: free some" + otherwise};
    case SQLITE_IOERR:
      return {ErrorKind::retryable,
              "cannot read or write the history " + file + ": " + reason(handle_.get()) + ": try again" + otherwise};
    case SQLITE_NOTADB:
      return {ErrorKind::misconfigured, file + " is not a history (no database): move it away" + otherwise};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {ErrorKind::misconfigured, "cannot write the history " + file + ": " + reason(handle_.get()) +
                                            ": make the file and its directory writable" + otherwise};
    default:
      return {ErrorKind::misconfigured,
              "the history " + file + " is damaged (" + sqlite3_errmsg(handle_.get()) + "): move it away" + otherwise};
  }
}

Result<Transaction> Transaction::read(Connection& connection) {
  const Result<void> begun = connection.execute("BEGIN");
  if (!begun) return tl::unexpected{begun.error()};
  return Transaction{connection};
}

Result<Transaction> Transaction::write(Connection& connection) {
  const Result<void> begun = connection.execute("BEGIN IMMEDIATE");
  if (!begun) return tl::unexpected{begun.error()};
  return Transaction{connection};
}

Transaction::Transaction(Transaction&& other) noexcept : connection_{std::exchange(other.connection_, nullptr)} {}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back already, and says so.
  if (connection_ != nullptr) static_cast<void>(connection_->execute("ROLLBACK"));
}

Result<void> Transaction::commit() {
  Result<void> committed = connection_->execute("COMMIT");
  if (committed) connection_ = nullptr;
  return committed;
}

}  // namespace nmz::history
