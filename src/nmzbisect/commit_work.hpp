// Lays out commits in work trees, and names the command. Local work trees have a git directory that answers for them;
// those in containers are files only, among them those of a git directory where it is wanted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nmz/coordinator/work_source.hpp"
#include "nmz/error/result.hpp"
#include "nmz/files/unique_fd.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/patches.hpp"
#include "nmz/git/private_git_dir.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/sent_git_dir.hpp"
#include "nmz/git/tree_stream.hpp"
#include "nmz/sandbox/watch.hpp"

namespace nmz::nmzbisect {

/// A worker's places and what is in them. Used by one pool thread at a time.
struct WorkerTree {
  WorkerTree() = default;
  std::filesystem::path tree;  ///< empty when the worker is not on this machine
  files::UniqueFd place;       ///< the directory that it is in, whatever its name leads to later
  std::optional<git::ObjectReader> reader;
  std::optional<git::PrivateGitDir> git;
  std::optional<git::CommitId> previous;     ///< laid out before that
  std::optional<git::CommitId> commit;       ///< laid out last
  std::optional<dispatch::Subject> subject;  ///< that it was laid out for
  std::vector<std::string> patched;          ///< what patches have changed of it
  std::vector<git::TodaysFile> git_files;    ///< of a git directory that goes with the commit
  bool reproducible = false;                 ///< what is in the tree follows from that
};

/// The names of a worker's places below the run's directory.
struct WorkerPlace {
  std::filesystem::path place;
  std::filesystem::path tree;
};
/// Where what stands for the user's git directory is (nmz/git/git_dir_template.hpp).
[[nodiscard]] std::filesystem::path stand_in(const std::filesystem::path& run_directory);
[[nodiscard]] WorkerPlace worker_place(const std::filesystem::path& run_directory, std::uint32_t number);

class CommitWork final : public coordinator::WorkSource {
 public:
  /// `subjects`: the commit of each subject. `run`: everything but NMZ_*. `places`: the workers' directories are made
  /// below it. `hooks`: the user's hooks run in the trees; `post_checkout`: this one
  /// before each test.
  static Result<std::unique_ptr<CommitWork>> create(const git::Repository& repository, const git::ObjectReader& objects,
                                                    std::vector<git::CommitId> subjects, wire::Run run, bool clean,
                                                    const std::filesystem::path& places, std::uint32_t workers,
                                                    bool hooks, bool post_checkout);

  /// For workers that are elsewhere. `send_files`: no, if they have the repository; the commit is the command's input
  /// then.
  static std::unique_ptr<CommitWork> remote(const git::ObjectReader& objects, std::vector<git::CommitId> subjects,
                                            wire::Run run, bool clean, bool send_files, std::uint32_t workers);

  [[nodiscard]] std::vector<std::filesystem::path> trees() const;
  /// The commit in each local worker's tree, by the name of the worker's place.
  [[nodiscard]] std::map<std::string, std::string> in_trees() const;
  /// Makes the tree of one more local worker, with the next number.
  Result<std::filesystem::path> add_tree();
  /// Files that stand at their paths at every commit.
  void take_today(std::shared_ptr<const std::vector<git::TodaysFile>> files) { today_ = std::move(files); }
  /// What a subject is, where that is not the commit with its number: an execution of one, and the how manieth.
  struct Trial {
    dispatch::Subject commit = 0;
    std::uint32_t number = 1;
  };
  void take_trials(std::function<Trial(dispatch::Subject)> trials) { trial_of_ = std::move(trials); }
  /// What else decides an execution's command.
  void take_commands(std::function<void(const dispatch::Assign&, wire::Run&)> commands) {
    commands_ = std::move(commands);
  }
  /// What is applied to the commits.
  void take_patches(std::shared_ptr<const git::Patches> patches) { patches_ = std::move(patches); }
  /// In the place of patches, for one of the commits (a number as in Trial).
  void take_files(dispatch::Subject commit, std::vector<git::TodaysFile> files) {
    files_of_.insert_or_assign(commit, std::move(files));
  }
  /// No commit is tested in a tree that another one was built in.
  void use_fresh_trees() { fresh_ = true; }
  /// What makes git work in trees that are elsewhere.
  void take_git(std::shared_ptr<const git::SentGitDir> git) { sent_git_ = std::move(git); }
  /// What to look at before each test.
  void take_watch(std::shared_ptr<sandbox::Watch> watch) { watch_ = std::move(watch); }

  /// Leaves the trees to another search: `rules` is what decides about their files besides the commit.
  void keep_trees(std::string rules) { rules_ = std::move(rules); }
  /// Begins with trees that were kept. `strange`: paths at which they may have what was not the commit's.
  void inherit_trees(std::vector<std::string> strange);

  wire::Run run(const dispatch::Assign& assignment) override;
  std::unique_ptr<coordinator::Layout> layout(const dispatch::Assign& assignment,
                                              const coordinator::TreeKnowledge& known) override;
  bool has_kept_tree(job::WorkerId id) override;
  bool take_over(job::WorkerId id, const wire::KeptTree& kept) override;

 private:
  CommitWork(const git::ObjectReader& objects, std::vector<git::CommitId> subjects, wire::Run run, bool clean);
  WorkerTree& worker(job::WorkerId id);
  void mind_strange_files(git::TreeRequest& request) const;

  const git::ObjectReader& objects_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::vector<git::CommitId> subjects_;
  std::function<Trial(dispatch::Subject)> trial_of_ = [](dispatch::Subject subject) { return Trial{subject}; };
  std::function<void(const dispatch::Assign&, wire::Run&)> commands_;  ///< may be empty
  wire::Run run_;
  bool clean_;
  bool send_files_ = true;
  bool post_checkout_ = false;
  bool fresh_ = false;
  std::map<dispatch::Subject, std::vector<git::TodaysFile>> files_of_;
  std::optional<git::GitDirTemplate> git_dirs_;  ///< of local workers
  std::shared_ptr<const std::vector<git::TodaysFile>> today_;
  std::shared_ptr<const git::Patches> patches_;
  std::shared_ptr<const git::SentGitDir> sent_git_;
  std::shared_ptr<sandbox::Watch> watch_;
  std::filesystem::path places_;      ///< of local workers
  std::string rules_;                 ///< empty: the trees are not kept
  bool inherits_ = false;             ///< there may be trees of an earlier search, also of workers that come later
  std::set<job::WorkerId> asked_;     ///< for a tree of an earlier search
  std::vector<std::string> strange_;  ///< in trees of an earlier search
  std::vector<std::unique_ptr<WorkerTree>> workers_;
};

}  // namespace nmz::nmzbisect
