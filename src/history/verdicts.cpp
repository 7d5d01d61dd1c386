#include "nmz/history/verdicts.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include <openssl/evp.h>

#include "moment.hpp"
#include "place.hpp"
#include "sqlite.hpp"

namespace nmz::history {
VerdictKey verdict_key(std::span<const std::string> what_decides) {
  std::string text;
  for (const std::string& one : what_decides) text += std::to_string(one.size()) + ':' + one;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr) != 1) size = 0;
  return {{digest.begin(), digest.begin() + size}};
}

namespace {

constexpr auto last_said = static_cast<std::int64_t>(Said::not_built);

/// The columns good, tested, last and log, from `column` on.
RememberedVerdict verdict_in(const Statement::Use& row, int column) {
  RememberedVerdict found;
  found.said = static_cast<Said>(std::clamp<std::int64_t>(row.integer(column), 0, last_said));
  found.commit = row.bytes(column + 1);
  found.when = to_time(row.integer(column + 2));
  found.log = row.bytes(column + 3);
  return found;
}

}  // namespace

struct Verdicts::Impl {
  std::unique_ptr<Connection> connection;

  Result<void> write(const VerdictKey& question, const std::vector<KeyedVerdict>& verdicts) const {
    auto replace =
        connection->prepare("REPLACE INTO verdict (key, question, good, tested, last, log) VALUES (?, ?, ?, ?, ?, ?)");
    if (!replace) return tl::unexpected{replace.error()};
    for (const KeyedVerdict& one : verdicts) {
      auto written = Statement::Use{*replace}(std::string_view{one.key.bytes})(std::string_view{question.bytes})(
                         static_cast<std::int64_t>(one.verdict.said))(std::string_view{one.verdict.commit})(
                         to_number(one.verdict.when))(std::string_view{one.verdict.log})
                         .done();
      if (!written) return written;
    }
    return {};
  }

  Result<void> thin() const {
    const auto there = connection->number("SELECT count(*) FROM verdict");
    if (!there) return tl::unexpected{there.error()};
    if (*there <= most) return {};
    return connection->execute("DELETE FROM verdict WHERE key IN (SELECT key FROM verdict ORDER BY last LIMIT " +
                               std::to_string(*there - most) + ")");
  }
};

Verdicts::Verdicts(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Verdicts::Verdicts(Verdicts&&) noexcept = default;
Verdicts& Verdicts::operator=(Verdicts&&) noexcept = default;
Verdicts::~Verdicts() = default;

Result<Verdicts> Verdicts::open(const std::filesystem::path& file, std::chrono::milliseconds patience) {
  return open_database(file, patience).map([](std::unique_ptr<Connection>&& connection) {
    auto impl = std::make_unique<Impl>();
    impl->connection = std::move(connection);
    return Verdicts{std::move(impl)};
  });
}

Result<KnownVerdicts> Verdicts::known(const VerdictKey& question, Clock::time_point since) {
  auto transaction = Transaction::read(*impl_->connection);
  if (!transaction) return tl::unexpected{transaction.error()};
  KnownVerdicts known;
  {
    auto flaky = impl_->connection->prepare("SELECT 1 FROM flaky_question WHERE question = ? AND last >= ?");
    if (!flaky) return tl::unexpected{flaky.error()};
    Statement::Use use{*flaky};
    const Result<bool> row = use(std::string_view{question.bytes})(to_number(since)).row();
    if (!row) return tl::unexpected{row.error()};
    known.flaky = *row;
  }
  auto select =
      impl_->connection->prepare("SELECT key, good, tested, last, log FROM verdict WHERE question = ? AND last >= ?");
  if (!select) return tl::unexpected{select.error()};
  Statement::Use use{*select};
  use(std::string_view{question.bytes})(to_number(since));
  while (true) {
    const Result<bool> row = use.row();
    if (!row) return tl::unexpected{row.error()};
    if (!*row) return known;
    known.verdicts.push_back({{use.bytes(0)}, verdict_in(use, 1)});
  }
}

Result<void> Verdicts::remember(const VerdictKey& question, const KnownVerdicts& verdicts) {
  auto transaction = Transaction::write(*impl_->connection);
  if (!transaction) return tl::unexpected{transaction.error()};
  if (verdicts.flaky) {
    auto mark = impl_->connection->prepare("REPLACE INTO flaky_question (question, last) VALUES (?, ?)");
    if (!mark) return tl::unexpected{mark.error()};
    auto marked = Statement::Use{*mark}(std::string_view{question.bytes})(to_number(Clock::now())).done();
    if (!marked) return marked;
  }
  if (auto written = impl_->write(question, verdicts.verdicts); !written) return written;
  if (auto thinned = impl_->thin(); !thinned) return thinned;
  return transaction->commit();
}

Result<void> Verdicts::forget(const VerdictKey& question) {
  auto remove = impl_->connection->prepare("DELETE FROM verdict WHERE question = ?");
  if (!remove) return tl::unexpected{remove.error()};
  return Statement::Use{*remove}(std::string_view{question.bytes}).done();
}

Result<std::size_t> Verdicts::forget(std::optional<Clock::time_point> before) {
  auto transaction = Transaction::write(*impl_->connection);
  if (!transaction) return tl::unexpected{transaction.error()};
  const std::int64_t limit = before ? to_number(*before) : std::numeric_limits<std::int64_t>::max();
  std::size_t forgotten = 0;
  for (const char* const table : {"flaky_question", "verdict"}) {
    auto remove = impl_->connection->prepare(std::string{"DELETE FROM "} + table + " WHERE last < ?");
    if (!remove) return tl::unexpected{remove.error()};
    if (auto removed = Statement::Use{*remove}(limit).done(); !removed) return tl::unexpected{removed.error()};
    forgotten = static_cast<std::size_t>(impl_->connection->changes());
  }
  return transaction->commit().map([forgotten] { return forgotten; });
}

}  // namespace nmz::history
