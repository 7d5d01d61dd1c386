#include "nmz/history/history.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "estimate.hpp"
#include "moment.hpp"
#include "place.hpp"
#include "sqlite.hpp"

namespace nmz::history {
namespace fs = std::filesystem;
namespace {

/// The columns runs, failures, mean, variance, from `column` on.
Expectation expectation(const Statement::Use& row, int column) {
  Estimate estimate;
  estimate.mean = row.real(column + 2);
  estimate.variance = row.real(column + 3);
  Expectation result;
  result.runs = static_cast<std::uint64_t>(row.integer(column));
  result.failures = static_cast<std::uint64_t>(row.integer(column + 1));
  result.mean = to_nanoseconds(estimate.mean);
  result.deviation = to_nanoseconds(estimate.deviation());
  return result;
}

/// Writes observations of one suite, within a transaction.
class Recorder {
 public:
  static Result<Recorder> create(Connection& connection, const std::string& suite) {
    auto add = connection.prepare("INSERT INTO suite (name) VALUES (?) ON CONFLICT DO NOTHING");
    if (!add) return tl::unexpected{add.error()};
    if (const auto added = Statement::Use{*add}(suite).done(); !added) return tl::unexpected{added.error()};
    auto find = connection.prepare("SELECT id FROM suite WHERE name = ?");
    if (!find) return tl::unexpected{find.error()};
    Statement::Use use{*find};
    if (const auto found = use(suite).row(); !found) return tl::unexpected{found.error()};

    auto read =
        connection.prepare("SELECT runs, failures, mean, variance, last FROM workload WHERE suite = ? AND id = ?");
    if (!read) return tl::unexpected{read.error()};
    auto write = connection.prepare(
        "REPLACE INTO workload (suite, id, runs, failures, mean, variance, last) VALUES (?, ?, ?, ?, ?, ?, ?)");
    if (!write) return tl::unexpected{write.error()};
    auto add_execution = connection.prepare(
        "REPLACE INTO execution (suite, id, number, took, passed, node, runner, tested) VALUES (?, ?, ?, ?, ?, ?, ?, "
        "?)");
    if (!add_execution) return tl::unexpected{add_execution.error()};
    auto drop = connection.prepare("DELETE FROM execution WHERE suite = ? AND id = ? AND number <= ?");
    if (!drop) return tl::unexpected{drop.error()};
    Recorder recorder{use.integer(0), std::move(*read), std::move(*write)};
    recorder.add_execution_.emplace(std::move(*add_execution));
    recorder.drop_.emplace(std::move(*drop));
    return recorder;
  }

  Result<void> record(const Observation& observation, std::int64_t when) {
    std::int64_t runs = 0;
    std::int64_t failures = 0;
    std::int64_t last = when;
    Estimate estimate = Estimate::of(observation.took);
    {
      Statement::Use row{read_};
      const Result<bool> known = row(suite_)(observation.workload).row();
      if (!known) return tl::unexpected{known.error()};
      if (*known) {
        runs = row.integer(0);
        failures = row.integer(1);
        Estimate before;
        before.mean = row.real(2);
        before.variance = row.real(3);
        estimate = before.with(observation.took);
        last = std::max(last, row.integer(4));  // a run that began earlier may end later
      }
    }
    return Statement::Use{write_}(suite_)(observation.workload)(runs + 1)(failures + (observation.passed ? 0 : 1))(
               estimate.mean)(estimate.variance)(last)
        .done()
        .and_then([&] { return keep(observation, runs + 1); });
  }

 private:
  /// The last ones, each by itself.
  Result<void> keep(const Observation& one, std::int64_t number) {
    return Statement::Use{*add_execution_}(suite_)(one.workload)(number)(static_cast<double>(one.took.count()))(
               std::int64_t{one.passed ? 1 : 0})(one.node)(one.runner)(one.commit)
        .done()
        .and_then([&] { return Statement::Use{*drop_}(suite_)(one.workload)(number - History::most_kept).done(); });
  }

  Recorder(std::int64_t suite, Statement read, Statement write)
      : suite_{suite}, read_{std::move(read)}, write_{std::move(write)} {}

  std::int64_t suite_;
  Statement read_;
  Statement write_;
  std::optional<Statement> add_execution_;
  std::optional<Statement> drop_;
};

}  // namespace

struct History::Impl {
  std::unique_ptr<Connection> connection;
};

History::History(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

Result<History> History::open(const fs::path& file, std::chrono::milliseconds patience) {
  return open_database(file, patience).map([](std::unique_ptr<Connection>&& connection) {
    auto impl = std::make_unique<Impl>();
    impl->connection = std::move(connection);
    return History{std::move(impl)};
  });
}

Result<std::vector<std::optional<Expectation>>> History::expect(const std::string& suite,
                                                                std::span<const std::string> workloads) {
  auto transaction = Transaction::read(*impl_->connection);  // all answers from one state
  if (!transaction) return tl::unexpected{transaction.error()};
  auto find = impl_->connection->prepare(
      "SELECT runs, failures, mean, variance FROM workload "
      "WHERE suite = (SELECT id FROM suite WHERE name = ?) AND id = ?");
  if (!find) return tl::unexpected{find.error()};
  std::vector<std::optional<Expectation>> result;
  result.reserve(workloads.size());
  for (const std::string& workload : workloads) {
    Statement::Use row{*find};
    const Result<bool> known = row(suite)(workload).row();
    if (!known) return tl::unexpected{known.error()};
    result.push_back(*known ? std::optional{expectation(row, 0)} : std::nullopt);
  }
  return result;
}

Result<void> History::record(const std::string& suite, std::span<const Observation> observations,
                             Clock::time_point when) {
  if (observations.empty()) return {};
  auto transaction = Transaction::write(*impl_->connection);
  if (!transaction) return tl::unexpected{transaction.error()};
  {
    auto recorder = Recorder::create(*impl_->connection, suite);
    if (!recorder) return tl::unexpected{recorder.error()};
    for (const Observation& observation : observations) {
      if (auto recorded = recorder->record(observation, to_number(when)); !recorded) return recorded;
    }
  }
  return transaction->commit();
}

Result<std::vector<Past>> History::past(const std::string& suite) {
  auto select = impl_->connection->prepare(
      "SELECT id, took, passed, node, runner, tested FROM execution "
      "WHERE suite = (SELECT id FROM suite WHERE name = ?) ORDER BY id, number");
  if (!select) return tl::unexpected{select.error()};
  std::vector<Past> result;
  Statement::Use use{*select};
  use(suite);
  while (true) {
    const Result<bool> row = use.row();
    if (!row) return tl::unexpected{row.error()};
    if (!*row) return result;
    std::string workload = use.bytes(0);
    if (result.empty() || result.back().workload != workload) result.emplace_back().workload = std::move(workload);
    Execution& execution = result.back().executions.emplace_back();
    execution.took = to_nanoseconds(use.real(1));
    execution.passed = use.integer(2) != 0;
    execution.node = use.bytes(3);
    execution.runner = use.bytes(4);
    execution.commit = use.bytes(5);
  }
}

Result<std::vector<SuiteSummary>> History::suites() {
  auto select = impl_->connection->prepare(
      "SELECT name, count(*), sum(runs), sum(mean), max(last) FROM suite JOIN workload ON workload.suite = suite.id "
      "GROUP BY suite.id ORDER BY name");
  if (!select) return tl::unexpected{select.error()};
  std::vector<SuiteSummary> result;
  Statement::Use use{*select};
  while (true) {
    const Result<bool> row = use.row();
    if (!row) return tl::unexpected{row.error()};
    if (!*row) return result;
    SuiteSummary& suite = result.emplace_back();
    suite.suite = use.bytes(0);
    suite.workloads = static_cast<std::uint64_t>(use.integer(1));
    suite.runs = static_cast<std::uint64_t>(use.integer(2));
    suite.total = to_nanoseconds(use.real(3));
    suite.last = to_time(use.integer(4));
  }
}

Result<std::vector<WorkloadSummary>> History::workloads(const std::string& suite) {
  auto select = impl_->connection->prepare(
      "SELECT id, last, runs, failures, mean, variance FROM workload "
      "WHERE suite = (SELECT id FROM suite WHERE name = ?) ORDER BY mean DESC, id");
  if (!select) return tl::unexpected{select.error()};
  std::vector<WorkloadSummary> result;
  Statement::Use use{*select};
  use(suite);
  while (true) {
    const Result<bool> row = use.row();
    if (!row) return tl::unexpected{row.error()};
    if (!*row) return result;
    WorkloadSummary& workload = result.emplace_back();
    workload.workload = use.bytes(0);
    workload.last = to_time(use.integer(1));
    workload.expectation = expectation(use, 2);
  }
}

Result<std::size_t> History::prune(const PruneRequest& request) {
  auto transaction = Transaction::write(*impl_->connection);
  if (!transaction) return tl::unexpected{transaction.error()};
  auto forget = impl_->connection->prepare(
      request.suite ? "DELETE FROM workload WHERE last < ? AND suite = (SELECT id FROM suite WHERE name = ?)"
                    : "DELETE FROM workload WHERE last < ?");
  if (!forget) return tl::unexpected{forget.error()};
  {
    Statement::Use use{*forget};
    use(request.before ? to_number(*request.before) : std::numeric_limits<std::int64_t>::max());
    if (request.suite) use(*request.suite);
    if (auto done = use.done(); !done) return tl::unexpected{done.error()};
  }
  const auto forgotten = static_cast<std::size_t>(impl_->connection->changes());
  auto tidied = impl_->connection->execute(
      "DELETE FROM execution WHERE (suite, id) NOT IN (SELECT suite, id FROM workload);"
      "DELETE FROM suite WHERE id NOT IN (SELECT suite FROM workload)");
  if (!tidied) return tl::unexpected{tidied.error()};
  if (auto done = transaction->commit(); !done) return tl::unexpected{done.error()};
  return forgotten;
}

}  // namespace nmz::history
