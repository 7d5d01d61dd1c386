// The stream to an agent that is a pod's first process.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "nmz/kubernetes/client.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::orchestrator {

/// The agent's stdin and stdout; what it writes to stderr explains why it ended.
class PodStream final : public Stream {
 public:
  explicit PodStream(std::shared_ptr<kubernetes::Attached> attached) : attached_{std::move(attached)} {}

  boost::asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override;
  boost::asio::awaitable<Result<void>> write(std::string bytes) override;
  void close() override { attached_->close(); }

 private:
  std::shared_ptr<kubernetes::Attached> attached_;
  std::string complaint_;
};

}  // namespace nmz::orchestrator
