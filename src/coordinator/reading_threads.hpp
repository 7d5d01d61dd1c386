// Threads for what blocks: laying out trees is reading and inflating, and more than a few only contend for the disk.
//
// Not asio::thread_pool: where the machine gives one thread and refuses the next (ulimit -u, ulimit -v, a cgroup), its
// constructor waits for ever for the first (Boost 1.81). Here one thread is enough, and none is an exception.
#pragma once

#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace nmz::coordinator {

class ReadingThreads {
 public:
  /// As many as can be had; throws std::system_error when that is none.
  explicit ReadingThreads(std::size_t wanted) {
    while (threads_.size() < wanted) {
      try {
        threads_.emplace_back([this] { queue_.run(); });
      } catch (const std::system_error&) {
        if (threads_.empty()) throw;
        break;
      }
    }
  }
  ReadingThreads(const ReadingThreads&) = delete;
  ReadingThreads& operator=(const ReadingThreads&) = delete;
  /// What waits is forgotten; what runs is waited for.
  ~ReadingThreads() {
    queue_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  [[nodiscard]] boost::asio::io_context& queue() { return queue_; }
  [[nodiscard]] std::size_t size() const { return threads_.size(); }

 private:
  boost::asio::io_context queue_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> open_{queue_.get_executor()};
  std::vector<std::thread> threads_;
};

}  // namespace nmz::coordinator
