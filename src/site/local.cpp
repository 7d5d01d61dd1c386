#include "nmz/orchestrator/local.hpp"

#include <optional>
#include <system_error>
#include <utility>

#include "nmz/installation/user_directories.hpp"
#include "nmz/orchestrator/run_directory.hpp"

#include "factories.hpp"

namespace nmz::site {
namespace fs = std::filesystem;
namespace {

class LocalSite final : public Site {
 public:
  LocalSite(boost::asio::io_context& io, Choice choice) : io_{io}, choice_{std::move(choice)} {}

  [[nodiscard]] std::uint32_t cpus() const override { return orchestrator::local_cpus(); }
  [[nodiscard]] std::string where() const override { return "processes on this machine"; }
  [[nodiscard]] bool sees_our_files() const override { return true; }
  [[nodiscard]] bool keeps_apart() const override { return false; }

  [[nodiscard]] std::string suite_key(const std::vector<std::string>& command) const override {
    std::error_code ignored;
    std::string key = fs::current_path(ignored).string();
    for (const std::string& word : command) key += ' ' + word;
    return key;
  }

  [[nodiscard]] Result<std::string> label(const std::string& name) const override {
    return fail(ErrorKind::misconfigured, "this machine has no label " + name);
  }

  Result<void> occupy() override {
    fs::path base = choice_.work_directory;
    if (base.empty()) {
      const Result<fs::path> cache = installation::cache_directory();
      if (!cache) return tl::unexpected{cache.error()};
      base = *cache;
    }
    auto made =
        orchestrator::RunDirectory::create(base, choice_.remedy, choice_.directory_name, choice_.owner, choice_.title);
    if (!made) return tl::unexpected{made.error()};
    directory_.emplace(std::move(*made));
    return {};
  }

  [[nodiscard]] std::vector<std::string> swept() const override {
    if (!directory_) return {};
    const orchestrator::RunDirectory::Swept& swept = directory_->swept();
    std::vector<std::string> lines;
    if (swept.directories > 0) {
      lines.push_back("removed what " + std::to_string(swept.directories) + " killed run(s) left behind (" +
                      std::to_string(swept.processes) + " process(es))");
    }
    lines.insert(lines.end(), swept.left.begin(), swept.left.end());
    return lines;
  }

  [[nodiscard]] fs::path directory() const override { return directory_ ? directory_->path() : fs::path{}; }

  [[nodiscard]] Result<std::unique_ptr<orchestrator::Orchestrator>> workers(const WorkersRequest& request) override {
    orchestrator::LocalOptions options;
    options.agent = request.agent;
    options.trees = request.trees;
    options.worlds = request.worlds;
    options.another = request.another;
    options.run_mark = directory().string();
    return std::make_unique<orchestrator::Local>(io_.get_executor(), std::move(options));
  }

  [[nodiscard]] std::optional<orchestrator::KeptTrees> inherited() const override {
    return directory_ ? directory_->inherited() : std::nullopt;
  }
  void keep(const orchestrator::KeptTrees& trees) override { kept_ = trees; }

  std::vector<std::string> leave() override {
    if (!directory_) return {};
    return kept_ ? directory_->keep_beside(*kept_) : directory_->remove_beside();
  }

 private:
  boost::asio::io_context& io_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Choice choice_;
  std::optional<orchestrator::RunDirectory> directory_;
  std::optional<orchestrator::KeptTrees> kept_;
};

}  // namespace

Opened open_local(boost::asio::io_context& io, const Choice& choice) { return std::make_unique<LocalSite>(io, choice); }

}  // namespace nmz::site
