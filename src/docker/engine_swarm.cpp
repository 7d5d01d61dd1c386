// Services, tasks, nodes, configs, secrets, networks and events (Engine API v1.41).
#include <array>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "nmz/http/base64.hpp"

#include "engine_impl.hpp"

namespace nmz::docker {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

std::int64_t nanoseconds(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

/// `kind`: "Config" or "Secret".
json::array files(const std::vector<FileReference>& list, const std::string& kind) {
  json::array array;
  for (const FileReference& reference : list) {
    const json::object file{
        {"Name", reference.target}, {"UID", "0"}, {"GID", "0"}, {"Mode", std::int64_t{reference.mode}}};
    array.push_back(json::object{{"File", file}, {kind + "ID", reference.id}, {kind + "Name", reference.name}});
  }
  return array;
}

json::object container_of(const ServiceSpec& spec) {
  json::object container{{"Image", spec.image},
                         {"Env", to_json(spec.env)},
                         {"Labels", to_json(spec.container_labels)},
                         {"Mounts", to_json(spec.mounts)},
                         {"Configs", files(spec.configs, "Config")},
                         {"Secrets", files(spec.secrets, "Secret")},
                         {"Init", spec.init},
                         {"Healthcheck", no_health_check()},
                         {"StopGracePeriod", nanoseconds(spec.stop_grace)}};
  if (!spec.command.empty()) container["Command"] = to_json(spec.command);
  if (!spec.arguments.empty()) container["Args"] = to_json(spec.arguments);
  if (!spec.working_dir.empty()) container["Dir"] = spec.working_dir;
  if (!spec.user.empty()) container["User"] = spec.user;
  return container;
}

Json creation(const ServiceSpec& spec) {
  constexpr std::array conditions{"none", "on-failure", "any"};
  json::array networks;
  for (const std::string& network : spec.networks) networks.push_back(json::object{{"Target", network}});
  json::object amounts;
  if (spec.nano_cpus > 0) amounts["NanoCPUs"] = spec.nano_cpus;
  if (spec.memory > 0) amounts["MemoryBytes"] = spec.memory;
  json::object task{{"ContainerSpec", container_of(spec)},
                    {"Resources", json::object{{"Limits", amounts}, {"Reservations", amounts}}},
                    {"RestartPolicy", json::object{{"Condition", conditions.at(static_cast<std::size_t>(spec.restart))},
                                                   {"Delay", nanoseconds(spec.restart_delay)}}},
                    {"Placement", json::object{{"Constraints", to_json(spec.constraints)}}},
                    {"Networks", std::move(networks)}};
  return json::object{{"Name", spec.name},
                      {"Labels", to_json(spec.labels)},
                      {"TaskTemplate", std::move(task)},
                      {"Mode", json::object{{"Replicated", json::object{{"Replicas", spec.replicas}}}}},
                      {"EndpointSpec", json::object{{"Mode", "dnsrr"}}}};
}

Service service_of(const Json& told) {
  Service service;
  service.id = text_at(told, "ID");
  service.name = text_at(told, "Spec.Name");
  service.version = number_at<std::uint64_t>(told, "Version.Index");
  service.labels = labels_at(told, "Spec.Labels");
  service.created = text_at(told, "CreatedAt");
  return service;
}

Task task_of(const Json& told) {
  Task task;
  task.id = text_at(told, "ID");
  task.service = text_at(told, "ServiceID");
  task.node = text_at(told, "NodeID");
  task.slot = number_at<std::uint64_t>(told, "Slot");
  task.state = text_at(told, "Status.State");
  task.desired_state = text_at(told, "DesiredState");
  task.message = text_at(told, "Status.Message");
  task.error = text_at(told, "Status.Err");
  task.container = text_at(told, "Status.ContainerStatus.ContainerID");
  task.exit_code = number_at<int>(told, "Status.ContainerStatus.ExitCode");
  return task;
}

Node node_of(const Json& told) {
  Node node;
  node.id = text_at(told, "ID");
  node.hostname = text_at(told, "Description.Hostname");
  node.address = text_at(told, "Status.Addr");
  node.state = text_at(told, "Status.State");
  node.availability = text_at(told, "Spec.Availability");
  node.architecture = text_at(told, "Description.Platform.Architecture");
  node.os = text_at(told, "Description.Platform.OS");
  node.manager = text_at(told, "Spec.Role") == "manager";
  node.nano_cpus = number_at(told, "Description.Resources.NanoCPUs");
  node.memory = number_at(told, "Description.Resources.MemoryBytes");
  return node;
}

Resource specified(const Json& told) {
  Resource resource;
  resource.id = text_at(told, "ID");
  resource.name = text_at(told, "Spec.Name");
  resource.labels = labels_at(told, "Spec.Labels");
  resource.created = text_at(told, "CreatedAt");
  return resource;
}

/// GET `target` and each element of the answered array through `read`.
template <class T>
asio::awaitable<Result<std::vector<T>>> list(Engine::Impl& impl, std::string target, T (*read)(const Json&)) {
  Call call{"GET", std::move(target)};
  Result<Json> answer = co_await impl.call_json(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  std::vector<T> result;
  for (const Json& told : elements_at(*answer, "")) result.push_back(read(told));
  co_return result;
}

asio::awaitable<Result<void>> remove(Engine::Impl& impl, std::string target) {
  Call call{"DELETE", std::move(target)};
  Result<void> done = co_await impl.call_remove(std::move(call));
  co_return done;
}

}  // namespace

asio::awaitable<Result<std::string>> Engine::create_service(ServiceSpec spec, std::string registry_auth) {
  const Json body = creation(spec);
  Call call{"POST", "/services/create", body};
  if (!registry_auth.empty()) call.request.headers.emplace_back("X-Registry-Auth", registry_auth);
  Result<std::string> id = co_await impl_->call_id(std::move(call));
  co_return id;
}

asio::awaitable<Result<void>> Engine::scale_service(std::string id, std::uint32_t replicas) {
  const std::string path = "/services/" + percent_encoded(id);
  Call look{"GET", path};
  Result<Json> told = co_await impl_->call_json(std::move(look));
  if (!told && told.error().kind == ErrorKind::not_found) co_return Result<void>{};
  if (!told) co_return tl::unexpected<Error>{told.error()};
  // An update takes the whole specification: what we did not set comes back as it was.
  json::value specification = at(*told, "Spec");
  if (json::object* object = specification.if_object()) {
    (*object)["Mode"] = json::object{{"Replicated", json::object{{"Replicas", replicas}}}};
  }
  const std::string version = std::to_string(number_at(*told, "Version.Index"));
  Call call{"POST", path + "/update?version=" + version, specification};
  Result<void> done = co_await impl_->call_remove(std::move(call));
  co_return done;
}

// By value as in every call of the client, although these only pass on.
// NOLINTBEGIN(performance-unnecessary-value-param)
asio::awaitable<Result<void>> Engine::remove_service(std::string id) {
  return remove(*impl_, "/services/" + percent_encoded(id));
}
asio::awaitable<Result<void>> Engine::remove_config(std::string id) {
  return remove(*impl_, "/configs/" + percent_encoded(id));
}
asio::awaitable<Result<void>> Engine::remove_secret(std::string id) {
  return remove(*impl_, "/secrets/" + percent_encoded(id));
}
asio::awaitable<Result<std::vector<Service>>> Engine::list_services(Labels labels) {
  return list(*impl_, "/services?filters=" + label_filter(labels), &service_of);
}
asio::awaitable<Result<std::vector<Task>>> Engine::list_tasks(std::string service) {
  const std::string filter = percent_encoded(R"({"service":[")" + service + R"("]})");
  return list(*impl_, "/tasks?filters=" + filter, &task_of);
}
asio::awaitable<Result<std::vector<Node>>> Engine::list_nodes() { return list(*impl_, "/nodes", &node_of); }
asio::awaitable<Result<std::vector<Resource>>> Engine::list_configs(Labels labels) {
  return list(*impl_, "/configs?filters=" + label_filter(labels), &specified);
}
asio::awaitable<Result<std::vector<Resource>>> Engine::list_secrets(Labels labels) {
  return list(*impl_, "/secrets?filters=" + label_filter(labels), &specified);
}  // NOLINTEND(performance-unnecessary-value-param)

asio::awaitable<Result<std::string>> Engine::address_in_network(std::string network, std::string container) {
  Call call{"GET", "/networks/" + percent_encoded(network)};
  Result<Json> answer = co_await impl_->call_json(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  std::string address = text_at(*answer, "Containers." + container + ".IPv4Address");
  co_return address.substr(0, address.find('/'));  // after it: the length of the network's prefix
}

asio::awaitable<Result<std::string>> Engine::create_config(std::string name, std::string data, Labels labels) {
  const Json body = json::object{{"Name", name}, {"Labels", to_json(labels)}, {"Data", http::to_base64(data)}};
  Call call{"POST", "/configs/create", body};
  Result<std::string> id = co_await impl_->call_id(std::move(call));
  co_return id;
}

asio::awaitable<Result<std::string>> Engine::create_templated_secret(std::string name, std::string data,
                                                                     Labels labels) {
  const Json body = json::object{{"Name", name},
                                 {"Labels", to_json(labels)},
                                 {"Data", http::to_base64(data)},
                                 {"Templating", json::object{{"Name", "golang"}}}};
  Call call{"POST", "/secrets/create", body};
  Result<std::string> id = co_await impl_->call_id(std::move(call));
  co_return id;
}

}  // namespace nmz::docker
