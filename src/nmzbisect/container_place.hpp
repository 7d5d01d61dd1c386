// The Docker Engine and the image that tests run in when --image is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "nmz/docker/engine.hpp"
#include "nmz/docker/types.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/docker.hpp"

#include "options.hpp"

namespace nmz::nmzbisect {

class ContainerPlace {
 public:
  /// Reaches the Engine, looks at the image and removes what dead runs left there. Runs `io` meanwhile.
  static Result<std::unique_ptr<ContainerPlace>> open(boost::asio::io_context& io, const Options& options);

  [[nodiscard]] docker::Engine& engine() { return engine_; }
  [[nodiscard]] std::uint32_t cpus() const { return info_.cpus; }
  /// Containers of killed runs that were removed.
  [[nodiscard]] std::size_t swept() const { return swept_; }
  /// What to run where the user named no command: the image's worker script. Errors (misconfigured): it has none.
  [[nodiscard]] Result<std::string> worker_script() const;
  [[nodiscard]] orchestrator::DockerOptions worker_options(const Options& options,
                                                           const std::filesystem::path& agent) const;

 private:
  ContainerPlace(boost::asio::io_context& io, const docker::Endpoint& endpoint)
      : engine_{io.get_executor(), endpoint} {}
  boost::asio::awaitable<Result<void>> look(std::string image);

  docker::Engine engine_;
  docker::Info info_;
  docker::Image image_;
  std::string image_name_;
  std::size_t swept_ = 0;
};

}  // namespace nmz::nmzbisect
