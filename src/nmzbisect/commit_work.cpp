#include "commit_work.hpp"

#include <cerrno>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

std::string label_of(const git::CommitId& commit, const std::string& rules) { return commit.hex() + ' ' + rules; }

class CommitLayout final : public coordinator::Layout {
 public:
  CommitLayout(const git::ObjectReader& objects, const git::GitDirTemplate* git_dirs, WorkerTree& worker,
               git::TreeRequest request)
      : objects_{objects}, git_dirs_{git_dirs}, worker_{worker}, request_{std::move(request)} {}

  void take_watch(std::shared_ptr<sandbox::Watch> watch) { watch_ = std::move(watch); }
  void take_patches(std::shared_ptr<const git::Patches> patches) { patches_ = std::move(patches); }
  void take_git(std::shared_ptr<const git::SentGitDir> git) { sent_git_ = std::move(git); }
  /// In the place of what patches would make.
  void take_files(std::vector<git::TodaysFile> files) {
    patches_ = nullptr;
    request_.patched = std::move(files);
  }
  void lay_out_for(dispatch::Subject subject) { subject_ = subject; }
  /// What else decides the contents of a tree that is kept.
  void take_rules(std::string rules) { rules_ = std::move(rules); }

  Result<void> open() override {
    if (!worker_.reader) {
      auto reader = objects_.another();
      if (!reader) return tl::unexpected<Error>{reader.error()};
      worker_.reader.emplace(std::move(*reader));
    }
    if (patches_) {
      auto patched = patches_->files(request_.to);
      if (!patched) return tl::unexpected<Error>{patched.error()};
      request_.patched = std::move(*patched);
    }
    if (request_.from) request_.unpatched = worker_.patched;
    auto stream = open_stream();
    if (!stream && request_.from) {  // what the tree has need not be in the repository any more
      request_.from.reset();
      stream = open_stream();
    }
    if (!stream) return tl::unexpected<Error>{stream.error()};
    stream_.emplace(std::move(*stream));
    worker_.reproducible = (worker_.reproducible || !request_.from) && stream_->is_reproducible();
    return {};
  }

  Result<bool> next(std::string& out, std::size_t enough) override { return stream_->next(out, enough); }

  [[nodiscard]] std::string label() const override {
    return worker_.reproducible && request_.patched.empty() && !rules_.empty() ? label_of(request_.to, rules_)
                                                                               : std::string{};
  }

  Result<void> laid_out() override {
    if (watch_) watch_->hide_new_names();
    worker_.subject = subject_;
    worker_.patched.clear();
    for (const git::TodaysFile& file : request_.patched) worker_.patched.push_back(file.path);
    worker_.git_files = std::move(git_files_);
    if (git_dirs_ == nullptr) {
      worker_.commit = request_.to;
      return {};
    }
    if (!worker_.git) {
      auto made = git::PrivateGitDir::create(*git_dirs_, *worker_.reader, worker_.tree,
                                             files::UniqueFd{::fcntl(worker_.place.get(), F_DUPFD_CLOEXEC, 0)});
      if (!made) return tl::unexpected<Error>{made.error()};
      worker_.git.emplace(std::move(*made));
    }
    auto done = worker_.git->update(*worker_.reader, request_.to, *stream_, !request_.from);
    if (!done) return tl::unexpected<Error>{done.error()};
    worker_.previous = std::exchange(worker_.commit, request_.to);
    return {};
  }

 private:
  Result<git::TreeStream> open_stream() {
    git::TreeRequest request = request_;
    if (sent_git_) {
      auto files = sent_git_->files(*worker_.reader, request.to);
      if (!files) return tl::unexpected<Error>{files.error()};
      git_files_ = std::move(*files);
      add_git_files(request);
    }
    return git::TreeStream::open(*worker_.reader, request);
  }

  /// Those that the tree does not have; and those that it has too many go.
  void add_git_files(git::TreeRequest& request) const {
    std::set<std::pair<std::string, fs::path>> there;
    if (request.from) {
      for (const git::TodaysFile& file : worker_.git_files) there.emplace(file.path, file.below);
    }
    const std::set<std::string> changed{request.changed.begin(), request.changed.end()};
    std::set<std::string> wanted;
    for (const git::TodaysFile& file : git_files_) {
      wanted.insert(file.path);
      if (changed.contains(file.path) || !there.contains({file.path, file.below})) request.patched.push_back(file);
    }
    for (const auto& [path, below] : there) {
      if (!wanted.contains(path)) request.unpatched.push_back(path);
    }
  }

  const git::ObjectReader& objects_;     // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  const git::GitDirTemplate* git_dirs_;  ///< null when the tree is not on this machine
  WorkerTree& worker_;                   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  git::TreeRequest request_;
  dispatch::Subject subject_ = 0;
  std::shared_ptr<sandbox::Watch> watch_;
  std::shared_ptr<const git::Patches> patches_;
  std::shared_ptr<const git::SentGitDir> sent_git_;
  std::vector<git::TodaysFile> git_files_;
  std::string rules_;
  std::optional<git::TreeStream> stream_;
};

/// As `git checkout` does it: at the top of the tree, told of both commits and that it was no checkout of files.
std::string with_post_checkout(const WorkerTree& worker, const std::string& commit, const std::string& build) {
  const std::string none(commit.size(), '0');
  const std::string hook =
      "(cd ./\"$(git rev-parse --show-cdup)\" &&"
      " hook=$(git rev-parse --git-path hooks/post-checkout) && \"$hook\" " +
      (worker.previous ? worker.previous->hex() : none) + " " + commit + " 1)";
  return build.empty() ? hook : hook + " && {\n" + build + "\n}";
}

/// What `lstat` says of the files was not known when the index was made.
std::string with_refresh(const std::string& build) {
  const std::string refresh = "git update-index -q --refresh >/dev/null 2>&1";
  return build.empty() ? refresh + " || :" : refresh + "\n" + build;
}

}  // namespace

fs::path stand_in(const fs::path& run_directory) { return run_directory / "repository"; }

WorkerPlace worker_place(const fs::path& run_directory, std::uint32_t number) {
  const fs::path place = run_directory / ("w" + std::to_string(number));
  return {place, place / "tree"};
}

CommitWork::CommitWork(const git::ObjectReader& objects, std::vector<git::CommitId> subjects, wire::Run run, bool clean)
    : objects_{objects}, subjects_{std::move(subjects)}, run_{std::move(run)}, clean_{clean} {}

Result<std::unique_ptr<CommitWork>> CommitWork::create(const git::Repository& repository,
                                                       const git::ObjectReader& objects,
                                                       std::vector<git::CommitId> subjects, wire::Run run, bool clean,
                                                       const fs::path& places, std::uint32_t workers, bool hooks,
                                                       bool post_checkout) {
  std::unique_ptr<CommitWork> work{new CommitWork{objects, std::move(subjects), std::move(run), clean}};
  auto git_dirs = git::GitDirTemplate::create(repository, stand_in(places), hooks);
  if (!git_dirs) return tl::unexpected<Error>{git_dirs.error()};
  work->post_checkout_ = post_checkout;
  work->git_dirs_.emplace(std::move(*git_dirs));
  work->places_ = places;
  for (std::uint32_t number = 0; number < workers; ++number) {
    auto made = work->add_tree();
    if (!made) return tl::unexpected<Error>{made.error()};
  }
  return work;
}

Result<fs::path> CommitWork::add_tree() {
  auto worker = std::make_unique<WorkerTree>();
  WorkerPlace names = worker_place(places_, static_cast<std::uint32_t>(workers_.size()));
  const fs::path place = names.place;
  worker->tree = std::move(names.tree);
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
  workers_.push_back(std::move(worker));
  return workers_.back()->tree;
}

/// One that is elsewhere needs nothing made for it here.
WorkerTree& CommitWork::worker(job::WorkerId id) {
  while (workers_.size() <= static_cast<std::size_t>(id)) workers_.push_back(std::make_unique<WorkerTree>());
  return *workers_[static_cast<std::size_t>(id)];
}

std::unique_ptr<CommitWork> CommitWork::remote(const git::ObjectReader& objects, std::vector<git::CommitId> subjects,
                                               wire::Run run, bool clean, bool send_files, std::uint32_t workers) {
  std::unique_ptr<CommitWork> work{new CommitWork{objects, std::move(subjects), std::move(run), clean}};
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

std::map<std::string, std::string> CommitWork::in_trees() const {
  std::map<std::string, std::string> result;
  for (const auto& worker : workers_) {
    if (worker->commit) result[worker->tree.parent_path().filename().string()] = worker->commit->hex();
  }
  return result;
}

wire::Run CommitWork::run(const dispatch::Assign& assignment) {
  wire::Run run = run_;
  const Trial trial = trial_of_(assignment.subject);
  const std::string commit = subjects_.at(trial.commit).hex();
  if (!send_files_) run.input = commit + "\n";
  if (post_checkout_) {
    run.build = with_post_checkout(worker(assignment.worker), commit, run_.build);
  }
  if (sent_git_) run.build = with_refresh(run_.build);
  run.env.push_back("NMZ_COMMIT=" + commit);
  run.env.push_back("NMZ_WORKLOAD=" + commit);
  run.env.push_back("NMZ_WORKER=" + std::to_string(static_cast<std::uint32_t>(assignment.worker)));
  run.env.push_back("NMZ_ATTEMPT=" + std::to_string(assignment.attempt));
  run.env.push_back("NMZ_RUN=" + std::to_string(trial.number));
  if (commands_) commands_(assignment, run);
  return run;
}

std::unique_ptr<coordinator::Layout> CommitWork::layout(const dispatch::Assign& assignment,
                                                        const coordinator::TreeKnowledge& known) {
  if (!send_files_) return nullptr;
  WorkerTree& where = worker(assignment.worker);
  git::TreeRequest request;
  const dispatch::Subject commit = trial_of_(assignment.subject).commit;
  if (known.intact && (!fresh_ || where.subject == commit)) request.from = where.commit;
  request.to = subjects_.at(commit);
  request.changed = known.changed;
  request.clean = clean_;
  request.today = today_;
  if (known.inherited) mind_strange_files(request);
  auto layout = std::make_unique<CommitLayout>(objects_, git_dirs_ ? &*git_dirs_ : nullptr, where, std::move(request));
  layout->take_watch(watch_);
  layout->lay_out_for(commit);
  layout->take_patches(patches_);
  if (const auto files = files_of_.find(commit); files != files_of_.end()) layout->take_files(files->second);
  layout->take_git(sent_git_);
  layout->take_rules(rules_);
  return layout;
}

void CommitWork::inherit_trees(std::vector<std::string> strange) {
  strange_ = std::move(strange);
  inherits_ = true;
}

/// In an inherited tree, what is today's is an earlier day's.
void CommitWork::mind_strange_files(git::TreeRequest& request) const {
  request.inherited = true;
  request.strange = request.changed;
  request.strange.insert(request.strange.end(), strange_.begin(), strange_.end());
  request.changed.insert(request.changed.end(), strange_.begin(), strange_.end());
  if (!today_) return;
  for (const git::TodaysFile& file : *today_) {
    request.changed.push_back(file.path);
    if (file.removed) request.strange.push_back(file.path);
  }
}

/// Asked before a worker that joins later has been made.
bool CommitWork::has_kept_tree(job::WorkerId id) { return inherits_ && !rules_.empty() && asked_.insert(id).second; }

bool CommitWork::take_over(job::WorkerId id, const wire::KeptTree& kept) {
  const std::optional<git::CommitId> commit = git::CommitId::parse(kept.label.substr(0, kept.label.find(' ')));
  if (!commit || kept.label != label_of(*commit, rules_)) return false;
  WorkerTree& tree = worker(id);
  tree.commit = *commit;
  tree.reproducible = true;
  return true;
}

}  // namespace nmz::nmzbisect
