#include "commit_work.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

class CommitLayout final : public coordinator::Layout {
 public:
  CommitLayout(const git::Repository& repository, FirstGitDir& first, WorkerTree& worker, git::TreeRequest request)
      : repository_{repository}, first_{first}, worker_{worker}, request_{std::move(request)} {}

  Result<void> open() override {
    if (!worker_.reader) {
      auto reader = git::ObjectReader::open(repository_);
      if (!reader) return tl::unexpected<Error>{reader.error()};
      worker_.reader.emplace(std::move(*reader));
    }
    auto stream = git::TreeStream::open(*worker_.reader, request_);
    if (!stream) return tl::unexpected<Error>{stream.error()};
    stream_.emplace(std::move(*stream));
    return {};
  }

  Result<bool> next(std::string& out, std::size_t enough) override { return stream_->next(out, enough); }

  Result<void> laid_out() override {
    if (worker_.git_dir.empty()) {
      worker_.commit = request_.to;
      return {};
    }
    if (!worker_.git) {
      std::unique_lock lock{first_.mutex};
      const fs::path shared = first_.path;
      if (!shared.empty()) lock.unlock();
      auto made = git::PrivateGitDir::create(repository_, worker_.git_dir, worker_.tree, shared,
                                             files::UniqueFd{::fcntl(worker_.place.get(), F_DUPFD_CLOEXEC, 0)});
      if (!made) return tl::unexpected<Error>{made.error()};
      worker_.git.emplace(std::move(*made));
      if (shared.empty()) first_.path = worker_.git_dir;
    }
    auto done = worker_.git->update(*worker_.reader, request_.to, *stream_, !request_.from);
    if (!done) return tl::unexpected<Error>{done.error()};
    worker_.commit = request_.to;
    return {};
  }

 private:
  const git::Repository& repository_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  FirstGitDir& first_;                 // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  WorkerTree& worker_;                 // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  git::TreeRequest request_;
  std::optional<git::TreeStream> stream_;
};

}  // namespace

CommitWork::CommitWork(const git::Repository& repository, std::vector<git::CommitId> subjects, wire::Run run,
                       bool clean)
    : repository_{repository}, subjects_{std::move(subjects)}, run_{std::move(run)}, clean_{clean} {}

Result<std::unique_ptr<CommitWork>> CommitWork::create(const git::Repository& repository,
                                                       std::vector<git::CommitId> subjects, wire::Run run, bool clean,
                                                       const fs::path& places, std::uint32_t workers) {
  std::unique_ptr<CommitWork> work{new CommitWork{repository, std::move(subjects), std::move(run), clean}};
  for (std::uint32_t number = 0; number < workers; ++number) {
    auto worker = std::make_unique<WorkerTree>();
    const fs::path place = places / ("w" + std::to_string(number));
    worker->tree = place / "tree";
    worker->git_dir = place / "git";
    std::error_code error;
    fs::create_directories(worker->tree, error);
    if (error) {
      return fail(ErrorKind::misconfigured,
                  "cannot make the work tree '" + worker->tree.string() + "': " + error.message());
    }
    worker->place = files::UniqueFd{::open(place.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!worker->place) {
      return fail(ErrorKind::misconfigured,
                  "cannot open '" + place.string() + "': " + std::error_code{errno, std::generic_category()}.message());
    }
    work->workers_.push_back(std::move(worker));
  }
  return work;
}

std::unique_ptr<CommitWork> CommitWork::remote(const git::Repository& repository, std::vector<git::CommitId> subjects,
                                               wire::Run run, bool clean, bool send_files, std::uint32_t workers) {
  std::unique_ptr<CommitWork> work{new CommitWork{repository, std::move(subjects), std::move(run), clean}};
  work->send_files_ = send_files;
  for (std::uint32_t number = 0; number < workers; ++number) {
    work->workers_.push_back(std::make_unique<WorkerTree>());
  }
  return work;
}

std::vector<fs::path> CommitWork::trees() const {
  std::vector<fs::path> result;
  result.reserve(workers_.size());
  for (const auto& worker : workers_) result.push_back(worker->tree);
  return result;
}

wire::Run CommitWork::run(const dispatch::Assign& assignment) {
  wire::Run run = run_;
  const std::string commit = subjects_.at(assignment.subject).hex();
  if (!send_files_) run.input = commit + "\n";
  run.env.push_back("NMZ_COMMIT=" + commit);
  run.env.push_back("NMZ_WORKLOAD=" + commit);
  run.env.push_back("NMZ_WORKER=" + std::to_string(static_cast<std::uint32_t>(assignment.worker)));
  run.env.push_back("NMZ_ATTEMPT=" + std::to_string(assignment.attempt));
  return run;
}

std::unique_ptr<coordinator::Layout> CommitWork::layout(const dispatch::Assign& assignment,
                                                        const coordinator::TreeKnowledge& known) {
  if (!send_files_) return nullptr;
  WorkerTree& worker = *workers_.at(static_cast<std::size_t>(assignment.worker));
  git::TreeRequest request;
  if (known.intact) request.from = worker.commit;
  request.to = subjects_.at(assignment.subject);
  request.changed = known.changed;
  request.clean = clean_;
  return std::make_unique<CommitLayout>(repository_, first_, worker, std::move(request));
}

}  // namespace nmz::nmzbisect
