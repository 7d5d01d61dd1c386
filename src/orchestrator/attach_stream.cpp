#include "attach_stream.hpp"

#include <algorithm>
#include <utility>

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

constexpr std::size_t complaint_limit = 1000;

}  // namespace

asio::awaitable<Result<std::size_t>> AttachStream::read(std::span<char> buffer) {
  using From = http::Attached::Output::From;
  while (true) {
    Result<http::Attached::Output> output = co_await attached_->read(buffer);
    if (!output) co_return tl::unexpected<Error>{output.error()};
    if (output->from == From::out) co_return output->size;
    if (output->from == From::end) break;
    complaint_.append(buffer.data(), std::min(output->size, complaint_limit - complaint_.size()));
  }
  if (complaint_.empty()) co_return std::size_t{0};
  while (complaint_.ends_with('\n')) complaint_.pop_back();
  std::replace(complaint_.begin(), complaint_.end(), '\n', ' ');
  co_return fail(ErrorKind::retryable, "its agent ended: " + complaint_);
}

asio::awaitable<Result<void>> AttachStream::write(std::string bytes) {
  Result<void> written = co_await attached_->write(std::move(bytes));
  co_return written;
}

}  // namespace nmz::orchestrator
