// SQLite as four owners: connection, statement, use, transaction. sqlite3.h goes no further than these two files.
//
// A statement is prepared once and used many times; a use binds values, steps through rows and leaves the statement
// reset, so that no lock outlives it. A transaction that was not committed is rolled back. Writers begin theirs with
// BEGIN IMMEDIATE: one that began as a reader could not wait for another writer, because SQLite would have to refuse
// one of the two (SQLITE_BUSY at once, whatever the timeout).
//
// Every error becomes one line here that names the file and says what its user can do.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"
#include "nmz/interruption/lock_wait.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace nmz::history {

class Connection;

class Statement {
 public:
  class Use {
   public:
    explicit Use(Statement& statement) : statement_{statement} {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    Use(Use&&) = delete;
    Use& operator=(Use&&) = delete;
    ~Use();

    /// Values of the parameters, in their order. Bytes must stay where they are until the end of the use.
    Use& operator()(std::int64_t value);
    Use& operator()(double value);
    Use& operator()(std::string_view bytes);

    /// True if there is a (further) row.
    [[nodiscard]] Result<bool> row();
    /// Runs a statement that returns no rows.
    [[nodiscard]] Result<void> done();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] std::string bytes(int column) const;

   private:
    void bound(int code);

    Statement& statement_;
    int parameter_ = 0;
    int trouble_ = 0;  ///< of the first value that could not be bound
  };

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  Statement(const Connection& connection, sqlite3_stmt* handle) : connection_{&connection}, handle_{handle} {}

  const Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

class Connection {
 public:
  /// Opens or creates the file. Nothing is read or written yet: what the file is shows with the first statement.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file,
                                                                std::chrono::milliseconds patience);

  /// One or several statements without values and rows.
  [[nodiscard]] Result<void> execute(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
  /// A statement's only number.
  [[nodiscard]] Result<std::int64_t> number(std::string_view sql) const;
  /// How many rows the last statement changed.
  [[nodiscard]] std::int64_t changes() const;
  /// Whether the system lets us read the file only.
  [[nodiscard]] bool read_only() const;

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  /// For a user, of an SQLite result code.
  [[nodiscard]] Error error(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  Connection(std::filesystem::path file, std::chrono::milliseconds patience);
  static int wait_for_others(void* connection, int tries);

  std::filesystem::path file_;
  std::chrono::milliseconds patience_;
  std::optional<interruption::LockWait> wait_;
  std::unique_ptr<sqlite3, Close> handle_;
};

class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> read(Connection& connection);
  [[nodiscard]] static Result<Transaction> write(Connection& connection);

  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  [[nodiscard]] Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_{&connection} {}

  Connection* connection_;  ///< null once committed
};

/// The end of every line about a file that cannot be used.
extern const std::string_view another_file;

}  // namespace nmz::history
