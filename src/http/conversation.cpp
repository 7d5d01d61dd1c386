#include "conversation.hpp"

#include <algorithm>
#include <utility>

#include "nmz/http/cancellation.hpp"

#include "request_head.hpp"

namespace nmz::http {
namespace asio = boost::asio;
namespace {

using Kind = Failure::Kind;

/// A body up to this size goes out together with its head.
constexpr std::size_t small_body = std::size_t{64} << 10;

/// As far as it goes: what is shorter than a status line could be one.
bool begins_as_http(std::string_view bytes) {
  constexpr std::string_view begin = "HTTP/1.";
  return begin.starts_with(bytes.substr(0, begin.size()));
}

class TakenOver final : public ByteStream {
 public:
  TakenOver(std::shared_ptr<Transport> transport, std::string first)
      : transport_{std::move(transport)}, first_{std::move(first)} {}

  asio::awaitable<Outcome<std::size_t>> read(std::span<char> buffer) override {
    if (!first_.empty()) {
      const std::size_t count = first_.copy(buffer.data(), buffer.size());
      first_.erase(0, count);
      co_return count;
    }
    Outcome<std::size_t> count = co_await transport_->read(buffer);
    // Streams that were taken over end in whatever way.
    if (!count && count.error().kind == Kind::closed) co_return std::size_t{0};
    co_return count;
  }
  asio::awaitable<Outcome<void>> write(std::string bytes) override { return transport_->write(std::move(bytes)); }
  asio::awaitable<Outcome<void>> end_output() override { return transport_->end_output(); }
  void close() override { transport_->close(); }

 private:
  std::shared_ptr<Transport> transport_;
  std::string first_;
};

}  // namespace

Conversation::Conversation(std::shared_ptr<Transport> transport)
    : transport_{std::move(transport)}, buffer_(longest_head) {}

asio::awaitable<Outcome<void>> Conversation::open() {
  const bool cancelled = co_await is_cancelled();
  if (cancelled) co_return failed(Kind::cancelled, "cancelled");
  Outcome<void> opened = co_await transport_->open();
  co_return opened;
}

asio::awaitable<Outcome<void>> Conversation::write(std::string bytes) {
  const bool cancelled = co_await is_cancelled();
  if (cancelled) co_return failed(Kind::cancelled, "cancelled");
  Outcome<void> written = co_await transport_->write(std::move(bytes));
  co_return written;
}

asio::awaitable<Outcome<Answer>> Conversation::exchange(Request request, const ClientOptions& options) {
  Outcome<std::string> head = request_head(request, options);
  if (!head) co_return tl::unexpected<Failure>{head.error()};
  const bool without_body = request.method == "HEAD";
  Outcome<void> sent = co_await send(std::move(request), std::move(*head));
  // A peer that refuses early answers before it has read everything: its answer tells more than the broken pipe.
  if (!sent && sent.error().kind != Kind::broken && sent.error().kind != Kind::closed) {
    co_return tl::unexpected<Failure>{sent.error()};
  }
  Outcome<void> read = co_await read_head(without_body);
  if (!read) co_return tl::unexpected<Failure>{sent ? read.error() : sent.error()};
  Answer answer;
  answer.status = parser_->status();
  answer.headers = parser_->take_headers();
  co_return answer;
}

asio::awaitable<Outcome<void>> Conversation::send(Request request, std::string head) {
  if (!request.produce) {
    const bool together = request.body.size() <= small_body;
    if (together) head += request.body;
    Outcome<void> sent = co_await write(std::move(head));
    if (sent && !together) sent = co_await write(std::move(request.body));
    co_return sent;
  }
  Outcome<void> sent = co_await write(std::move(head));
  for (bool last = false; sent && !last;) {
    std::optional<std::string> piece = request.produce();
    if (!piece) co_return failed(Kind::stopped, "its body could not be made");
    last = piece->empty();
    std::string chunk = chunk_of(*piece);
    sent = co_await write(std::move(chunk));
  }
  co_return sent;
}

/// The last one: those before it (100 Continue, 103 Early Hints) announce it.
asio::awaitable<Outcome<void>> Conversation::read_head(bool without_body) {
  constexpr unsigned switching = 101;
  constexpr unsigned final = 200;
  do {
    parser_.emplace(without_body);
    while (!parser_->has_head()) {
      const std::span<const char> bytes{buffer_.data() + begin_, end_ - begin_};
      Outcome<std::size_t> taken = parser_->put(bytes);
      if (!taken) co_return tl::unexpected<Failure>{taken.error()};
      begin_ += *taken;
      if (*taken > 0) continue;
      Outcome<void> more = co_await read_more();
      if (!more) co_return more;
    }
  } while (parser_->status() < final && parser_->status() != switching);
  co_return Outcome<void>{};
}

asio::awaitable<Outcome<std::string_view>> Conversation::read_body() {
  while (!parser_->is_done()) {
    if (begin_ < end_) {
      const std::span<const char> bytes{buffer_.data() + begin_, end_ - begin_};
      Outcome<std::size_t> taken = parser_->put(bytes);
      if (!taken) co_return tl::unexpected<Failure>{taken.error()};
      begin_ += *taken;
      if (!parser_->piece().empty()) co_return parser_->piece();
      if (*taken > 0) continue;
    }
    Outcome<void> more = co_await read_more();
    if (!more) co_return tl::unexpected<Failure>{more.error()};
  }
  co_return std::string_view{};
}

/// Behind what has not been parsed, which is moved to the front.
asio::awaitable<Outcome<void>> Conversation::read_more() {
  const bool cancelled = co_await is_cancelled();
  if (cancelled) co_return failed(Kind::cancelled, "cancelled");
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin());
  end_ -= std::exchange(begin_, 0);
  const std::span<char> room{buffer_.data() + end_, buffer_.size() - end_};
  Outcome<std::size_t> count = co_await transport_->read(room);
  if (!count) co_return tl::unexpected<Failure>{count.error()};
  if (*count == 0 && parser_->status() == 0 && !begins_as_http({buffer_.data(), end_})) {
    co_return failed(Kind::not_http, "it says something else");
  }
  if (*count == 0) co_return parser_->put_end();
  end_ += *count;
  co_return Outcome<void>{};
}

std::shared_ptr<ByteStream> Conversation::taken_over() {
  return std::make_shared<TakenOver>(transport_, std::string{buffer_.data() + begin_, end_ - begin_});
}

}  // namespace nmz::http
