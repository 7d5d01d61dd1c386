// What comes from a user's kubeconfig and pod template, from a credential plugin and from an API server: whatever it
// is, it is a value or an error. The stream of a WebSocket is the same messages in whatever pieces it comes.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/serialize.hpp>

#include "nmz/kubernetes/pod_template.hpp"

#include "bytes.hpp"
#include "exec_plugin.hpp"
#include "json.hpp"
#include "kubeconfig.hpp"
#include "merge.hpp"
#include "objects.hpp"
#include "pod_objects.hpp"
#include "proxy.hpp"
#include "server_address.hpp"
#include "web_socket.hpp"

namespace nmz::fuzz {
namespace {

void check_kubeconfig(Bytes& bytes) {
  const std::string name{bytes.line()};
  auto read = kubernetes::read_kubeconfig(std::string{bytes.rest()}, "/etc/kube/config");
  if (!read) return;
  kubernetes::Kubeconfig merged = *read;
  merged.merge(*read);  // what is there stays
  demand(merged.current_context == read->current_context && merged.contexts.size() == read->contexts.size() &&
         merged.clusters.size() == read->clusters.size() && merged.users.size() == read->users.size());
  static_cast<void>(read->access(name));
  for (const auto& [context, entry] : read->contexts) {
    const auto access = read->access(context);
    demand(!access || access->context == context);
  }
}

struct Heard {
  std::vector<std::string> messages;
  bool broken = false;
};

Heard hear(std::string_view bytes, std::size_t piece) {
  constexpr std::size_t longest = 1000;
  Heard heard;
  kubernetes::WebSocketReader reader{longest};
  while (!bytes.empty() && !heard.broken) {
    reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (auto next = reader.next();; next = reader.next()) {
      heard.broken = !next.has_value();
      if (heard.broken || !*next) break;
      demand((*next)->opcode != kubernetes::Opcode::continuation && (*next)->payload.size() <= longest);
      heard.messages.push_back(static_cast<char>((*next)->opcode) + (*next)->payload);
    }
  }
  return heard;
}

void check_web_socket(Bytes& bytes) {
  const std::size_t piece = std::size_t{bytes.byte()} + 1;
  const Heard whole = hear(bytes.rest(), std::string_view::npos);
  const Heard pieces = hear(bytes.rest(), piece);
  demand(whole.messages == pieces.messages && whole.broken == pieces.broken);
}

void check_credentials(Bytes& bytes) {
  static_cast<void>(kubernetes::parse_time(std::string{bytes.line()}));
  kubernetes::ExecPlugin plugin;
  plugin.command = "plugin";
  plugin.api_version =
      bytes.byte() % 2 == 0 ? "client.authentication.k8s.io/v1" : "client.authentication.k8s.io/v1beta1";
  const auto issued = kubernetes::parse_exec_credential(std::string{bytes.rest()}, plugin);
  demand(!issued || issued->certificate.empty() == issued->key.empty());
}

/// What was read is JSON that can be read again; a worker's own container is in every pod.
void check_pod_template(Bytes& bytes) {
  const auto json = kubernetes::read_pod_template(std::string{bytes.rest()}, "pod.yaml");
  if (!json) return;
  const auto again = kubernetes::parse_json(*json);
  demand(again && boost::json::serialize(*again) == *json);
  kubernetes::JobSpec spec;
  spec.name = "n";
  spec.image = "image";
  spec.command = {"/nmz/nmzagent"};
  spec.server.minor = 36;
  spec.arrival = kubernetes::Arrival::init_container;
  spec.pod_template = *json;
  const kubernetes::Json pod = kubernetes::pod_template_of(spec);
  std::size_t workers = 0;
  for (const kubernetes::Json& container : kubernetes::array_at(pod, {"spec", "containers"})) {
    if (kubernetes::text_at(container, {"name"}) != kubernetes::container_name) continue;
    ++workers;
    demand(kubernetes::text_at(container, {"image"}) == "image");
  }
  demand(workers == 1);
  demand(kubernetes::text_at(pod, {"spec", "restartPolicy"}) == "Never");
}

void check_objects(Bytes& bytes) {
  const auto json = kubernetes::parse_json(bytes.rest());
  if (!json) return;
  demand(kubernetes::pod_of(*json).index >= -1);
  static_cast<void>(kubernetes::job_of(*json));
  static_cast<void>(kubernetes::object_of(*json));
  static_cast<void>(kubernetes::rules_of(*json));
}

void check_merge(Bytes& bytes) {
  const auto earlier = kubernetes::parse_json(bytes.line());
  const auto later = kubernetes::parse_json(bytes.rest());
  if (!earlier || !later) return;
  const kubernetes::Json both = kubernetes::merged(*earlier, *later);
  demand(kubernetes::parse_json(boost::json::serialize(both)).has_value());
}

void check_addresses(Bytes& bytes) {
  const auto server = kubernetes::parse_server(std::string{bytes.line()});
  if (!server) return;
  demand(!server->host.empty() && server->port != 0 && !server->prefix.ends_with('/'));
  const std::string url{bytes.line()};
  const std::string proxy{bytes.line()};
  const std::string without{bytes.line()};
  const kubernetes::Variable variable = [&](const std::string& name) -> std::optional<std::string> {
    return name == "NO_PROXY" || name == "no_proxy" ? without : proxy;
  };
  static_cast<void>(kubernetes::choose_proxy(*server, url, variable));
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz;
  fuzz::Bytes bytes(data, size);
  switch (bytes.byte() % 8) {
    case 0:
      fuzz::check_kubeconfig(bytes);
      break;
    case 1:
      fuzz::check_web_socket(bytes);
      break;
    case 2:
      fuzz::check_credentials(bytes);
      break;
    case 3:
      fuzz::check_pod_template(bytes);
      break;
    case 4:
      fuzz::check_objects(bytes);
      break;
    case 5:
      fuzz::check_merge(bytes);
      break;
    default:
      fuzz::check_addresses(bytes);
  }
  return 0;
}
