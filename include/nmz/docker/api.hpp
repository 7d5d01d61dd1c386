// What we ask of a Docker Engine, as an interface: the calls that are made, and no others.
//
// Engine (engine.hpp) is the real one. Tests have one in memory that fails or stalls at any chosen call
// (tests/support/fake_docker_api.hpp), because what has to be taken away after a failure depends on where it struck.
//
// Every call has a deadline and can be cancelled (Asio's per-operation cancellation, terminal). Errors carry the
// Engine's own message. Kinds: retryable (no connection, 5xx), timed_out, cancelled, not_found (404), rejected (400,
// 409 and the rest of 4xx), misconfigured (no permission on the socket, no Engine there, TLS that does not verify).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "nmz/docker/types.hpp"
#include "nmz/error/result.hpp"
#include "nmz/http/attached.hpp"

namespace nmz::docker {

/// A container's (101 UPGRADED); the Engine's 8-byte headers are taken off.
class Attached : public http::Attached {
 public:
  /// The container's stdin ends; its output can still be read. Not over TLS (rejected).
  virtual boost::asio::awaitable<Result<void>> end_input() = 0;
};

/// A body that is made while it is sent. Called on the engine's thread until it gives an empty string.
using BodySource = std::function<Result<std::string>()>;
class Api {
 public:
  template <class T>
  using Awaitable = boost::asio::awaitable<Result<T>>;

  Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  Api(Api&&) = delete;
  Api& operator=(Api&&) = delete;
  virtual ~Api() = default;

  virtual Awaitable<Info> info() = 0;

  // ---- images
  virtual Awaitable<Image> inspect_image(std::string reference) = 0;
  /// `context`: a tar archive with a Dockerfile at its root. Returns the image's id.
  virtual Awaitable<std::string> build_image(BodySource context, std::string tag, Labels labels,
                                             std::chrono::milliseconds deadline) = 0;
  /// Returns the digest reference NAME@sha256:... that the registry gave.
  virtual Awaitable<std::string> push_image(std::string reference, std::string registry_auth,
                                            std::chrono::milliseconds deadline) = 0;
  virtual Awaitable<void> pull_image(std::string reference, std::string registry_auth,
                                     std::chrono::milliseconds deadline) = 0;
  /// Images that carry all of these labels; only their id and labels are told.
  virtual Awaitable<std::vector<Image>> list_images(Labels labels) = 0;
  /// `and_parents`: with the images without a name that it was built from.
  virtual Awaitable<void> remove_image(std::string reference, bool and_parents) = 0;

  // ---- containers
  /// Returns the id. Warnings of the Engine are dropped.
  virtual Awaitable<std::string> create_container(ContainerSpec spec) = 0;
  /// `tar`: unpacked at `directory` in the container.
  virtual Awaitable<void> put_archive(std::string id, std::string directory, std::string tar) = 0;
  /// To be called before start, so that nothing is missed. The deadline is for the answer, not for the stream.
  virtual Awaitable<std::shared_ptr<Attached>> attach(std::string id) = 0;
  virtual Awaitable<void> start_container(std::string id) = 0;
  virtual Awaitable<Container> inspect_container(std::string id) = 0;
  /// Kills it first where it runs, and removes its anonymous volumes. One that is gone, or going, is no error.
  virtual Awaitable<void> remove_container(std::string id) = 0;
  /// All, also those that do not run, that have the labels (a label with an empty value: whatever its value).
  virtual Awaitable<std::vector<Container>> list_containers(Labels labels) = 0;
  /// The container's IPv4 address there, as soon as it has one; empty before. While a container is being started this
  /// is answered, and inspect_container() is not.
  virtual Awaitable<std::string> address_in_network(std::string network, std::string container) = 0;

  // ---- Swarm
  /// Returns the id. `registry_auth`: for the nodes that have to pull; may be empty.
  virtual Awaitable<std::string> create_service(ServiceSpec spec, std::string registry_auth) = 0;
  /// One that is gone is no error; so with all that follow.
  virtual Awaitable<void> scale_service(std::string id, std::uint32_t replicas) = 0;
  virtual Awaitable<void> remove_service(std::string id) = 0;
  virtual Awaitable<std::vector<Service>> list_services(Labels labels) = 0;
  virtual Awaitable<std::vector<Task>> list_tasks(std::string service) = 0;
  virtual Awaitable<std::vector<Node>> list_nodes() = 0;
  virtual Awaitable<std::string> create_config(std::string name, std::string data, Labels labels) = 0;
  virtual Awaitable<void> remove_config(std::string id) = 0;
  virtual Awaitable<std::vector<Resource>> list_configs(Labels labels) = 0;
  /// Each task sees `data` as a Go template made of its own place: {{.Task.Slot}}.
  virtual Awaitable<std::string> create_templated_secret(std::string name, std::string data, Labels labels) = 0;
  virtual Awaitable<void> remove_secret(std::string id) = 0;
  virtual Awaitable<std::vector<Resource>> list_secrets(Labels labels) = 0;
};

}  // namespace nmz::docker
