// Containers (Engine API v1.41, /containers).
#include <boost/json/object.hpp>

#include "attached.hpp"
#include "engine_impl.hpp"

namespace nmz::docker {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

/// What containers say, they say over attach. The Engine would write all of it into a file of its own as well, a JSON
/// object for each line (or what looks like one), at 40 ms of CPU a megabyte: four times what carrying it costs.
json::object no_log_file() { return {{"Type", "none"}}; }

Json creation(const ContainerSpec& spec) {
  json::object host{{"AutoRemove", spec.auto_remove},
                    {"Mounts", to_json(spec.mounts)},
                    {"NanoCpus", spec.nano_cpus},
                    {"Memory", spec.memory},
                    {"Init", spec.init},
                    {"CapAdd", to_json(spec.cap_add)},
                    {"LogConfig", no_log_file()}};
  if (!spec.network.empty()) host["NetworkMode"] = spec.network;
  json::object body{{"Image", spec.image},
                    {"Env", to_json(spec.env)},
                    {"Labels", to_json(spec.labels)},
                    {"OpenStdin", true},
                    {"StdinOnce", true},
                    {"AttachStdin", true},
                    {"AttachStdout", true},
                    {"AttachStderr", true},
                    {"Healthcheck", no_health_check()},
                    {"HostConfig", std::move(host)}};
  if (!spec.entrypoint.empty()) body["Entrypoint"] = to_json(spec.entrypoint);
  if (!spec.entrypoint.empty() || !spec.command.empty()) body["Cmd"] = to_json(spec.command);
  if (!spec.working_dir.empty()) body["WorkingDir"] = spec.working_dir;
  if (!spec.user.empty()) body["User"] = spec.user;
  return body;
}

std::string path_of(const std::string& id, const std::string& rest) {
  return "/containers/" + percent_encoded(id) + rest;
}

std::string without_slash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

}  // namespace

asio::awaitable<Result<std::string>> Engine::create_container(ContainerSpec spec) {
  std::string target = "/containers/create";
  if (!spec.name.empty()) target += "?name=" + percent_encoded(spec.name);
  const Json body = creation(spec);
  Call call{"POST", std::move(target), body};
  Result<std::string> id = co_await impl_->call_id(std::move(call));
  co_return id;
}

asio::awaitable<Result<void>> Engine::put_archive(std::string id, std::string directory, std::string tar) {
  Call call{"PUT", path_of(id, "/archive?path=" + percent_encoded(directory))};
  call.request.body = std::move(tar);
  call.request.content_type = "application/x-tar";
  Result<void> done = co_await impl_->call_void(std::move(call));
  co_return done;
}

asio::awaitable<Result<std::shared_ptr<Attached>>> Engine::attach(std::string id) {
  Call call{"POST", path_of(id, "/attach?stream=1&stdin=1&stdout=1&stderr=1")};
  call.request.headers.emplace_back("Connection", "Upgrade");
  call.request.headers.emplace_back("Upgrade", "tcp");
  call.request.upgrade = http::Upgrade::switching_or_ok;
  Result<http::Answer> answer = co_await impl_->call(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  std::shared_ptr<Attached> stream = std::make_shared<AttachedStream>(std::move(answer->stream));
  co_return stream;
}

asio::awaitable<Result<void>> Engine::start_container(std::string id) {
  Call call{"POST", path_of(id, "/start")};
  Result<void> done = co_await impl_->call_void(std::move(call));
  co_return done;
}

asio::awaitable<Result<Container>> Engine::inspect_container(std::string id) {
  Call call{"GET", path_of(id, "/json")};
  Result<Json> answer = co_await impl_->call_json(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  const Json& told = *answer;
  Container container;
  container.id = text_at(told, "Id");
  container.name = without_slash(text_at(told, "Name"));
  container.state = text_at(told, "State.Status");
  container.labels = labels_at(told, "Config.Labels");
  container.exit_code = number_at<int>(told, "State.ExitCode");
  container.oom_killed = flag_at(told, "State.OOMKilled");
  container.error = text_at(told, "State.Error");
  container.address = text_at(told, "NetworkSettings.IPAddress");
  if (const json::object* networks = at(told, "NetworkSettings.Networks").if_object()) {
    for (const auto& [name, network] : *networks) {
      if (container.address.empty()) container.address = text_at(network, "IPAddress");
    }
  }
  co_return container;
}

asio::awaitable<Result<void>> Engine::remove_container(std::string id) {
  Call call{"DELETE", path_of(id, "?force=1&v=1")};
  Result<void> done = co_await impl_->call_remove(std::move(call));
  // 409: its removal is under way already.
  if (!done && done.error().message.find("already in progress") != std::string::npos) co_return Result<void>{};
  co_return done;
}

asio::awaitable<Result<std::vector<Container>>> Engine::list_containers(Labels labels) {
  Call call{"GET", "/containers/json?all=1&filters=" + label_filter(labels)};
  Result<Json> answer = co_await impl_->call_json(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  std::vector<Container> containers;
  for (const Json& told : elements_at(*answer, "")) {
    Container container;
    container.id = text_at(told, "Id");
    const std::vector<std::string> names = texts_at(told, "Names");
    if (!names.empty()) container.name = without_slash(names.front());
    container.state = text_at(told, "State");
    container.labels = labels_at(told, "Labels");
    container.created = number_at(told, "Created");
    containers.push_back(std::move(container));
  }
  co_return containers;
}

}  // namespace nmz::docker
