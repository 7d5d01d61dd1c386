// A search that is ready to run: the range as it was read, and the plan of what to test.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nmz/dispatch/plan.hpp"
#include "nmz/events/event.hpp"
#include "nmz/git/bisect_log.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"
#include "nmz/search/search_plan.hpp"
#include "nmz/site/site.hpp"

#include "answer.hpp"
#include "options.hpp"
#include "priors.hpp"

namespace nmz::nmzbisect {

/// What the user knows the repository by.
[[nodiscard]] std::string repository_name(const git::Repository& repository);

/// What is tried first where no good end is known.
[[nodiscard]] std::vector<search::Node> retreat_of(const git::Range& range);

/// Everything that does not change any more, and the plan. It stays where it is.
struct Search {
  Search(const Options& options_in, git::Repository repository_in, git::ObjectReader objects_in, git::Range range_in,
         const site::Site& site);

  ~Search() = default;
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  Search(Search&&) = delete;
  Search& operator=(Search&&) = delete;

  /// As if nothing had been tested. In its place: others hold on to it, and a plan is never moved.
  void begin_again();

  [[nodiscard]] Named name(dispatch::Subject subject) const;
  /// A message that cannot be read is no reason to stop.
  [[nodiscard]] std::string message_line(const git::CommitId& id) const {
    return objects.message_line(id).value_or("");
  }
  [[nodiscard]] std::function<Named(dispatch::Subject)> names() const {
    return [this](dispatch::Subject subject) { return name(subject); };
  }

  const Options& options;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  git::Repository repository;
  git::ObjectReader objects;
  git::Range range;
  std::vector<git::CommitId> subjects;
  std::uint32_t workers;
  search::Confirm confirm;  ///< the plan's to begin with
  Priors priors;
  search::SearchPlan plan;

 private:
  [[nodiscard]] search::SearchPlanOptions plan_options();
};

/// The history that is searched.
[[nodiscard]] events::HistoryRead history_of(const Search& search);

/// What --dry-run says.
[[nodiscard]] events::SearchPlanned plan_of(Search& search);
[[nodiscard]] std::string plan_text(const events::SearchPlanned& planned);

/// Where no good end was given, the first commit that was found good is one.
[[nodiscard]] git::BisectLogHead log_head(const Search& search, const std::vector<git::BisectLogEntry>& verdicts);

/// Which commits are tried first where no good end is known; a line for a person.
[[nodiscard]] std::string retreat_text(const Search& search);

}  // namespace nmz::nmzbisect
