#include "nmz/http/client.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "conversation.hpp"

namespace nmz::http {
namespace asio = boost::asio;
namespace {

using Kind = Failure::Kind;

constexpr unsigned switching = 101;
constexpr unsigned ok = 200;
constexpr unsigned client_error = 400;

/// Closes the connection when time is up.
class Watch {
 public:
  Watch(const asio::any_io_executor& executor, const std::shared_ptr<Conversation>& conversation,
        std::chrono::milliseconds limit)
      : timer_{executor}, expired_{std::make_shared<bool>(false)} {
    if (limit <= std::chrono::milliseconds{0}) return;
    timer_.expires_after(limit);
    timer_.async_wait([weak = std::weak_ptr{conversation}, expired = expired_](const boost::system::error_code& code) {
      const auto watched = weak.lock();
      if (code || !watched) return;
      *expired = true;
      watched->close();
    });
  }
  [[nodiscard]] bool expired() const { return *expired_; }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> expired_;
};

bool is_of_the_connection(Kind kind) { return kind == Kind::closed || kind == Kind::broken || kind == Kind::not_http; }

bool hands_over(const Request& request, unsigned status) {
  if (request.upgrade == Upgrade::none) return false;
  return status == switching || (status == ok && request.upgrade == Upgrade::switching_or_ok);
}

}  // namespace

/// Calls hold it, and outlive the client.
struct Client::Impl {
  Impl(asio::any_io_executor executor_in, Dial dial_in, ClientOptions options_in)
      : executor{std::move(executor_in)}, dial{std::move(dial_in)}, options{std::move(options_in)} {}

  static asio::awaitable<Outcome<Answer>> call(std::shared_ptr<Impl> self, Request request);
  asio::awaitable<Outcome<Answer>> call_afresh(const Request& request);
  asio::awaitable<Outcome<Answer>> call_on(std::shared_ptr<Conversation> conversation, const Request& request,
                                           bool opened);
  asio::awaitable<Outcome<Answer>> exchange(std::shared_ptr<Conversation> conversation, const Request& request,
                                            bool opened);
  asio::awaitable<Outcome<void>> read_body(Conversation& conversation, const Request& request, Answer& answer) const;
  void close();

  asio::any_io_executor executor;
  Dial dial;
  ClientOptions options;
  bool closed = false;
  std::vector<std::shared_ptr<Conversation>> idle;
  std::vector<std::weak_ptr<Transport>> all;  ///< for close()
};

Client::Client(asio::any_io_executor executor, Dial dial, ClientOptions options)
    : impl_{std::make_shared<Impl>(std::move(executor), std::move(dial), std::move(options))} {}
Client::~Client() { close(); }

void Client::close() { impl_->close(); }

void Client::Impl::close() {
  closed = true;
  idle.clear();
  for (const auto& weak : all) {
    if (const auto transport = weak.lock()) transport->close();
  }
  all.clear();
}

asio::awaitable<Outcome<Answer>> Client::call(Request request) { return Impl::call(impl_, std::move(request)); }

asio::awaitable<Outcome<Answer>> Client::Impl::call(std::shared_ptr<Impl> self, Request request) {
  co_await asio::this_coro::throw_if_cancelled(false);
  if (self->closed) co_return failed(Kind::cancelled, "cancelled");
  if (request.method == "GET" && request.upgrade == Upgrade::none && !self->idle.empty()) {
    std::shared_ptr<Conversation> kept = std::move(self->idle.back());
    self->idle.pop_back();
    Outcome<Answer> answer = co_await self->call_on(std::move(kept), request, true);
    const bool lost = !answer && (answer.error().kind == Kind::closed || answer.error().kind == Kind::broken);
    if (!lost || request.sink) co_return answer;
  }
  Outcome<Answer> answer = co_await self->call_afresh(request);
  co_return answer;
}

asio::awaitable<Outcome<Answer>> Client::Impl::call_afresh(const Request& request) {
  Outcome<std::shared_ptr<Transport>> made = dial();
  if (!made) co_return tl::unexpected<Failure>{made.error()};
  std::erase_if(all, [](const auto& weak) { return weak.expired(); });
  all.push_back(*made);
  auto conversation = std::make_shared<Conversation>(std::move(*made));
  Outcome<Answer> answer = co_await call_on(std::move(conversation), request, false);
  co_return answer;
}

asio::awaitable<Outcome<Answer>> Client::Impl::call_on(std::shared_ptr<Conversation> conversation,
                                                       const Request& request, bool opened) {
  const Watch watch{executor, conversation, request.deadline};
  Outcome<Answer> answer = co_await exchange(conversation, request, opened);
  if (!answer && watch.expired()) co_return failed(Kind::timed_out, "no answer in time");
  if (!answer && closed) co_return failed(Kind::cancelled, "cancelled");
  co_return answer;
}

asio::awaitable<Outcome<Answer>> Client::Impl::exchange(std::shared_ptr<Conversation> conversation,
                                                        const Request& request, bool opened) {
  if (!opened) {
    Outcome<void> done = co_await conversation->open();
    if (!done) co_return tl::unexpected<Failure>{done.error()};
  }
  Request sent = request;
  Outcome<Answer> answer = co_await conversation->exchange(std::move(sent), options);
  if (answer && hands_over(request, answer->status)) {
    answer->stream = conversation->taken_over();
    co_return answer;
  }
  Outcome<void> read;
  if (answer) read = co_await read_body(*conversation, request, *answer);
  if (!read) answer = tl::unexpected<Failure>{read.error()};
  if (answer && conversation->goes_on() && !closed && idle.size() < options.most_idle) idle.push_back(conversation);
  if (!answer && is_of_the_connection(answer.error().kind)) {
    std::string complaint = conversation->transport()->complaint();
    if (!complaint.empty()) co_return failed(Kind::command_failed, std::move(complaint));
  }
  co_return answer;
}

asio::awaitable<Outcome<void>> Client::Impl::read_body(Conversation& conversation, const Request& request,
                                                       Answer& answer) const {
  while (true) {
    Outcome<std::string_view> piece = co_await conversation.read_body();
    if (!piece) co_return tl::unexpected<Failure>{piece.error()};
    if (piece->empty()) co_return Outcome<void>{};
    if (request.sink && answer.status < client_error) {
      if (!request.sink(*piece)) co_return failed(Kind::stopped, "stopped");
      continue;
    }
    if (answer.body.size() + piece->size() > options.largest_answer) {
      co_return failed(Kind::too_long, "the answer is too long");
    }
    answer.body += *piece;
  }
}

}  // namespace nmz::http
