#include "derived_image.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace nmz::cluster {
namespace asio = boost::asio;
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// The build left an image for each of its steps. They go too, unless the user's image has no name either: it would be
/// taken for one of them.
asio::awaitable<Result<void>> remove(docker::Api& engine, std::string id) {
  Result<docker::Image> image = co_await engine.inspect_image(id);
  if (!image && image.error().kind != ErrorKind::not_found) co_return tl::unexpected<Error>{image.error()};
  std::string source;
  if (image) source = image->labels[derived_from_label];
  bool and_parents = false;
  if (!source.empty()) {
    Result<docker::Image> from = co_await engine.inspect_image(std::move(source));
    and_parents = from && (!from->tags.empty() || !from->digests.empty());
  }
  Result<void> done = co_await engine.remove_image(std::move(id), and_parents);
  co_return done;
}

class WithImageRemoved final : public orchestrator::Orchestrator {
 public:
  WithImageRemoved(std::unique_ptr<orchestrator::Orchestrator> workers, asio::any_io_executor executor,
                   docker::Api& engine, std::string id, orchestrator::Patience patience)
      : workers_{std::move(workers)},
        executor_{std::move(executor)},
        engine_{engine},
        id_{std::move(id)},
        patience_{patience} {}

  asio::awaitable<Result<std::shared_ptr<orchestrator::Stream>>> start(job::WorkerId worker) override {
    return workers_->start(worker);
  }
  void cancel_start(job::WorkerId worker) override { workers_->cancel_start(worker); }
  asio::awaitable<void> stop(job::WorkerId worker) override { return workers_->stop(worker); }

  asio::awaitable<Result<void>> close() override {
    Result<void> closed = co_await workers_->close();
    asio::steady_timer pause{executor_};
    Result<void> removed = co_await remove(engine_, id_);
    const auto until = std::chrono::steady_clock::now() + patience_.image_for;
    while (!removed && std::chrono::steady_clock::now() < until) {
      pause.expires_after(patience_.image_every);
      co_await pause.async_wait(as_result);
      removed = co_await remove(engine_, id_);
    }
    co_return closed ? removed : closed;
  }

 private:
  std::unique_ptr<orchestrator::Orchestrator> workers_;
  asio::any_io_executor executor_;
  docker::Api& engine_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string id_;
  orchestrator::Patience patience_;
};

}  // namespace

std::unique_ptr<orchestrator::Orchestrator> with_image_removed(std::unique_ptr<orchestrator::Orchestrator> workers,
                                                               asio::any_io_executor executor, docker::Api& engine,
                                                               std::string id, orchestrator::Patience patience) {
  return std::make_unique<WithImageRemoved>(std::move(workers), std::move(executor), engine, std::move(id), patience);
}

asio::awaitable<Result<std::size_t>> sweep_derived_images(docker::Api& engine, orchestrator::Sweep which) {
  docker::Labels ours{{derived_from_label, ""}, {orchestrator::run_label, ""}};
  Result<std::vector<docker::Image>> found = co_await engine.list_images(std::move(ours));
  if (!found) co_return tl::unexpected<Error>{found.error()};
  std::size_t removed = 0;
  for (const docker::Image& image : *found) {
    if (!orchestrator::is_swept(image.labels, which)) continue;
    std::string id = image.id;
    Result<void> done = co_await remove(engine, std::move(id));
    if (done) ++removed;
  }
  co_return removed;
}

}  // namespace nmz::cluster
