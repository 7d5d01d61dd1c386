// The stream to an agent that is a container's or a pod's first process.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "nmz/http/attached.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::orchestrator {

/// The agent's stdin and stdout; what it writes to stderr explains why it ended.
class AttachStream final : public Stream {
 public:
  explicit AttachStream(std::shared_ptr<http::Attached> attached) : attached_{std::move(attached)} {}

  boost::asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override;
  boost::asio::awaitable<Result<void>> write(std::string bytes) override;
  void close() override { attached_->close(); }

 private:
  std::shared_ptr<http::Attached> attached_;
  std::string complaint_;
};

}  // namespace nmz::orchestrator
