#include "nmz/site/site.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "factories.hpp"

namespace nmz::site {
namespace {

struct Entry {
  std::string_view name;  ///< of --orchestrator
  Opened (*open)(boost::asio::io_context&, const Choice&);
};

constexpr std::array table{Entry{"local", open_local}, Entry{"docker", open_containers},
                           Entry{"swarm", open_containers}, Entry{"kubernetes", open_kubernetes},
                           Entry{"funker", open_funker}};

/// An image that is given says that containers are meant, and the Engine whether it has a Swarm. A cluster is asked for
/// by its name, or is all that there is.
std::string_view chosen(const Choice& choice) {
  if (choice.containers.kind == cluster::Kind::funker) return "funker";
  if (choice.containers.image.empty()) return "local";
  if (choice.containers.kind == cluster::Kind::kubernetes) return "kubernetes";
  if (cluster::means_kubernetes(choice.containers)) return "kubernetes";
  return choice.containers.kind == cluster::Kind::swarm ? "swarm" : "docker";
}

}  // namespace

Result<std::unique_ptr<Site>> open(boost::asio::io_context& io, const Choice& choice) {
  return std::ranges::find(table, chosen(choice), &Entry::name)->open(io, choice);
}

}  // namespace nmz::site
