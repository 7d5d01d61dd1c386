#include "nmz/run/page_server.hpp"

#include <charconv>
#include <utility>
#include <variant>

#include "nmz/output/standard_streams.hpp"

namespace nmz::run {
namespace {

using Clock = std::chrono::steady_clock;
using Reply = http::LoopbackServer::Reply;

Reply html(std::string body) {
  Reply reply;
  reply.type = "text/html; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

}  // namespace

PageServer::PageServer(const Program& program) : page_{"-", program.kind, program.name, view::Page::Pace::served} {}

Result<std::unique_ptr<PageServer>> PageServer::open(std::uint16_t port, const Program& program) {
  std::unique_ptr<PageServer> made{new PageServer{program}};
  auto server = http::LoopbackServer::open(port, [&its = *made](const std::string& path) { return its.answer(path); });
  if (!server) return fail(server.error().kind, "--serve: " + server.error().message);
  made->server_ = std::move(*server);
  output::complain(program.name, "the run in a browser: " + made->server_->address());
  return made;
}

Reply PageServer::answer(const std::string& path) {
  const std::lock_guard lock{mutex_};
  if (path.empty()) return html(page_.frame());
  if (path == "report") return html(page_.report());
  Reply reply;
  if (path == "events") {
    watched_ = true;
    ++watchers_;
    reply.type = "text/event-stream";
    reply.stream = true;
    reply.gone = [this] {
      const std::lock_guard again{mutex_};
      --watchers_;
      left_.notify_all();
    };
    reply.body = http::server_sent_event("all", page_.snapshot());
    if (ended_) reply.body += http::server_sent_event("end", "");
    return reply;
  }
  constexpr std::string_view log{"log?"};
  std::size_t number = 0;
  const char* const end = path.data() + path.size();
  if (path.starts_with(log) && std::from_chars(path.data() + log.size(), end, number).ptr == end) {
    reply.body = page_.log(number);
    return reply;
  }
  reply.status = 404;
  reply.body = "There is nothing here.\n";
  return reply;
}

/// What a page is not told it has in its beginning, or in a later one: news have numbers.
void PageServer::show(const events::Event& event, events::Seconds now) {
  constexpr std::chrono::milliseconds pause{250};
  const std::lock_guard lock{mutex_};
  page_.show(event, now);
  ended_ = ended_ || std::holds_alternative<events::RunEnded>(event);
  if (!ended_ && Clock::now() < next_) return;
  next_ = Clock::now() + pause;
  const std::string news = page_.news();
  if (watched_ && !news.empty()) server_->publish(http::server_sent_event("news", news));
  if (watched_ && ended_) server_->publish(http::server_sent_event("end", ""));
}

void PageServer::close() {
  constexpr std::chrono::seconds most{3};
  {
    std::unique_lock lock{mutex_};
    left_.wait_for(lock, most, [this] { return watchers_ == 0; });
  }
  server_.reset();
}

}  // namespace nmz::run
