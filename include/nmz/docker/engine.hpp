// A client of the Docker Engine API, typed where we use it.
//
// HTTP/1.1 over a unix socket, TCP, TLS or a `docker system dial-stdio` process, with Boost.Beast behind this header.
// The version is negotiated once (GET /_ping): the lower of the Engine's and ours. Connections are kept and used again,
// except where a call takes one over (attach). Everything runs on one executor's thread.
//
// Every call has a deadline and can be cancelled (Asio's per-operation cancellation, terminal); both close its
// connection. Errors carry the Engine's own message. Kinds: retryable (no connection, 5xx), timed_out, cancelled,
// not_found (404), rejected (400, 409 and the rest of 4xx), misconfigured (no permission on the socket, no Engine
// there, TLS that does not verify).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/docker/endpoint.hpp"
#include "nmz/docker/types.hpp"
#include "nmz/error/result.hpp"

namespace nmz::docker {

inline constexpr std::chrono::milliseconds default_deadline{30000};

/// A connection taken over by attach (101 UPGRADED): to the container's stdin, from its stdout and stderr. One read and
/// one write may be under way at a time.
class Attached {
 public:
  struct Output {
    enum class From : std::uint8_t { end, out, err };
    From from = From::end;
    std::size_t size = 0;
  };

  Attached() = default;
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
  Attached(Attached&&) = delete;
  Attached& operator=(Attached&&) = delete;
  virtual ~Attached() = default;

  /// At least one byte of one of the two outputs into `buffer` (the Engine's 8-byte headers are taken off); From::end
  /// is the end of the stream.
  virtual boost::asio::awaitable<Result<Output>> read(std::span<char> buffer) = 0;
  /// All of `bytes` to the container's stdin.
  virtual boost::asio::awaitable<Result<void>> write(std::string bytes) = 0;
  /// The container's stdin ends; its output can still be read. Not over TLS (rejected).
  virtual boost::asio::awaitable<Result<void>> end_input() = 0;
  /// Ends reads and writes under way, with `cancelled`.
  virtual void close() = 0;
};

/// A body that is made while it is sent. Called on the engine's thread until it gives an empty string.
using BodySource = std::function<Result<std::string>()>;
/// Lines of progress (build, push, pull), as a person would read them.
using ProgressSink = std::function<void(std::string_view)>;

class Engine {
 public:
  template <class T>
  using Awaitable = boost::asio::awaitable<Result<T>>;
  using Deadline = std::chrono::milliseconds;

  Engine(const boost::asio::any_io_executor& executor, Endpoint endpoint);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) = delete;
  Engine& operator=(Engine&&) = delete;
  ~Engine();

  [[nodiscard]] const Endpoint& endpoint() const;
  /// "1.41"; empty before the first call.
  [[nodiscard]] const std::string& api_version() const;
  /// Ends everything under way with `cancelled`, Attached streams included. Later calls fail at once.
  void close();

  Awaitable<void> ping(Deadline deadline = default_deadline);
  Awaitable<Info> info(Deadline deadline = default_deadline);

  // ---- images
  Awaitable<Image> inspect_image(std::string reference, Deadline deadline = default_deadline);
  /// `context`: a tar archive with a Dockerfile at its root. Returns the image's id.
  Awaitable<std::string> build_image(BodySource context, std::string tag, Labels labels, ProgressSink progress,
                                     Deadline deadline);
  Awaitable<void> tag_image(std::string id, std::string reference, Deadline deadline = default_deadline);
  /// Returns the digest reference NAME@sha256:... that the registry gave.
  Awaitable<std::string> push_image(std::string reference, std::string registry_auth, ProgressSink progress,
                                    Deadline deadline);
  Awaitable<void> pull_image(std::string reference, std::string registry_auth, ProgressSink progress,
                             Deadline deadline);
  /// Images that carry all of these labels; only their id and labels are told.
  Awaitable<std::vector<Image>> list_images(Labels labels, Deadline deadline = default_deadline);
  /// `and_parents`: with the images without a name that it was built from.
  Awaitable<void> remove_image(std::string reference, bool and_parents, Deadline deadline = default_deadline);

  // ---- containers
  /// Returns the id. Warnings of the Engine are dropped.
  Awaitable<std::string> create_container(ContainerSpec spec, Deadline deadline = default_deadline);
  /// `tar`: unpacked at `directory` in the container.
  Awaitable<void> put_archive(std::string id, std::string directory, std::string tar,
                              Deadline deadline = default_deadline);
  /// To be called before start, so that nothing is missed. The deadline is for the answer, not for the stream.
  Awaitable<std::shared_ptr<Attached>> attach(std::string id, Deadline deadline = default_deadline);
  Awaitable<void> start_container(std::string id, Deadline deadline = default_deadline);
  Awaitable<Container> inspect_container(std::string id, Deadline deadline = default_deadline);
  /// Until it is not running any more; returns its exit code.
  Awaitable<int> wait_container(std::string id, Deadline deadline);
  Awaitable<void> kill_container(std::string id, std::string signal, Deadline deadline = default_deadline);
  /// Kills it first where it runs, and removes its anonymous volumes. One that is gone, or going, is no error.
  Awaitable<void> remove_container(std::string id, Deadline deadline = default_deadline);
  /// All, also those that do not run, that have the labels (a label with an empty value: whatever its value).
  Awaitable<std::vector<Container>> list_containers(Labels labels, Deadline deadline = default_deadline);

  // ---- Swarm
  /// Returns the id. `registry_auth`: for the nodes that have to pull; may be empty.
  Awaitable<std::string> create_service(ServiceSpec spec, std::string registry_auth,
                                        Deadline deadline = default_deadline);
  Awaitable<Service> inspect_service(std::string id, Deadline deadline = default_deadline);
  /// One that is gone is no error; so with all that follow.
  Awaitable<void> scale_service(std::string id, std::uint32_t replicas, Deadline deadline = default_deadline);
  Awaitable<void> remove_service(std::string id, Deadline deadline = default_deadline);
  Awaitable<std::vector<Service>> list_services(Labels labels, Deadline deadline = default_deadline);
  Awaitable<std::vector<Task>> list_tasks(std::string service, Deadline deadline = default_deadline);
  Awaitable<std::vector<Node>> list_nodes(Deadline deadline = default_deadline);
  Awaitable<std::string> create_config(std::string name, std::string data, Labels labels,
                                       Deadline deadline = default_deadline);
  Awaitable<void> remove_config(std::string id, Deadline deadline = default_deadline);
  Awaitable<std::vector<Resource>> list_configs(Labels labels, Deadline deadline = default_deadline);
  /// Each task sees `data` as a Go template made of its own place: {{.Task.Slot}}.
  Awaitable<std::string> create_templated_secret(std::string name, std::string data, Labels labels,
                                                 Deadline deadline = default_deadline);
  Awaitable<void> remove_secret(std::string id, Deadline deadline = default_deadline);
  Awaitable<std::vector<Resource>> list_secrets(Labels labels, Deadline deadline = default_deadline);
  Awaitable<std::string> create_network(std::string name, std::string driver, bool attachable, Labels labels,
                                        Deadline deadline = default_deadline);
  Awaitable<void> remove_network(std::string id, Deadline deadline = default_deadline);
  Awaitable<std::vector<Resource>> list_networks(Labels labels, Deadline deadline = default_deadline);
  /// The container's IPv4 address there, as soon as it has one; empty before. While a container is being started this
  /// is answered, and inspect_container() is not.
  Awaitable<std::string> address_in_network(std::string network, std::string container,
                                            Deadline deadline = default_deadline);

  /// Calls `sink` for each event until it answers false, the stream ends or the call is cancelled.
  Awaitable<void> events(std::string type, Labels labels, std::function<bool(const EngineEvent&)> sink);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::docker
