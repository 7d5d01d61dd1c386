#include "nmz/history/verdicts.hpp"

#include <array>
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

struct Verdicts::Impl {
  std::unique_ptr<Connection> connection;
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

Result<std::optional<RememberedVerdict>> Verdicts::find(const VerdictKey& key, Clock::time_point since) {
  auto select = impl_->connection->prepare("SELECT good, tested, last FROM verdict WHERE key = ? AND last >= ?");
  if (!select) return tl::unexpected{select.error()};
  Statement::Use use{*select};
  const Result<bool> row = use(std::string_view{key.bytes})(to_number(since)).row();
  if (!row) return tl::unexpected{row.error()};
  if (!*row) return std::nullopt;
  RememberedVerdict found;
  found.good = use.integer(0) != 0;
  found.commit = use.bytes(1);
  found.when = to_time(use.integer(2));
  return found;
}

Result<void> Verdicts::remember(const VerdictKey& key, const RememberedVerdict& verdict) {
  auto transaction = Transaction::write(*impl_->connection);
  if (!transaction) return tl::unexpected{transaction.error()};
  {
    auto write = impl_->connection->prepare("REPLACE INTO verdict (key, good, tested, last) VALUES (?, ?, ?, ?)");
    if (!write) return tl::unexpected{write.error()};
    auto written = Statement::Use{*write}(std::string_view{key.bytes})(std::int64_t{verdict.good ? 1 : 0})(
                       std::string_view{verdict.commit})(to_number(verdict.when))
                       .done();
    if (!written) return written;
    const auto there = impl_->connection->number("SELECT count(*) FROM verdict");
    if (!there) return tl::unexpected{there.error()};
    if (*there > most) {
      auto thinned =
          impl_->connection->execute("DELETE FROM verdict WHERE key IN (SELECT key FROM verdict ORDER BY last LIMIT " +
                                     std::to_string(*there - most) + ")");
      if (!thinned) return thinned;
    }
  }
  return transaction->commit();
}

}  // namespace nmz::history
