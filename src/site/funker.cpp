#include "nmz/orchestrator/funker.hpp"

#include <utility>

#include "nmz/contract/v0.hpp"

#include "factories.hpp"

namespace nmz::site {
namespace {

class FunkerSite final : public Site {
 public:
  FunkerSite(boost::asio::io_context& io, std::vector<orchestrator::FunkerPlace> places)
      : io_{io}, places_{std::move(places)} {
    for (const orchestrator::FunkerPlace& place : places_) names_ += (names_.empty() ? "" : ",") + place.text();
  }

  /// One call at a time of each.
  [[nodiscard]] std::uint32_t cpus() const override { return static_cast<std::uint32_t>(places_.size()); }
  [[nodiscard]] std::string where() const override { return "funker workers at " + names_; }
  [[nodiscard]] bool sees_our_files() const override { return false; }
  [[nodiscard]] bool keeps_apart() const override { return true; }
  [[nodiscard]] std::string suite_key(const std::vector<std::string>& /*command*/) const override {
    return "funker " + names_;
  }
  [[nodiscard]] Result<std::string> label(const std::string& name) const override {
    if (name == contract::v0::worker_script_label) return "# the worker's own -executor";
    return fail(ErrorKind::misconfigured, "workers that are called do not say their label " + name);
  }
  [[nodiscard]] std::vector<std::string> swept() const override { return {}; }

  [[nodiscard]] Result<std::unique_ptr<orchestrator::Orchestrator>> workers(
      const WorkersRequest& /*request*/) override {
    orchestrator::FunkerOptions options;
    options.places = places_;
    return std::make_unique<orchestrator::Funker>(io_.get_executor(), std::move(options));
  }

 private:
  boost::asio::io_context& io_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::vector<orchestrator::FunkerPlace> places_;
  std::string names_;
};

}  // namespace

Opened open_funker(boost::asio::io_context& io, const Choice& choice) {
  return std::make_unique<FunkerSite>(io, choice.containers.endpoints);
}

}  // namespace nmz::site
