// What a run is at a moment: the fold of its events that a screen is painted from. No clock, no terminal, no files.
//
// It keeps what somebody may still want to look at, and no more: every worker, what runs with the end of its output,
// what has ended without passing, of a search every test. So a suite of 10,000 workloads costs what its failures cost.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "nmz/events/stream.hpp"
#include "nmz/view/belief.hpp"
#include "nmz/view/funnel.hpp"

namespace nmz::screen {

using events::Seconds;

/// A history as `git log --graph` draws it: each commit has a lane, and so has each edge.
struct Lanes {
  std::vector<std::uint8_t> of;  ///< by position
  std::uint8_t count = 1;

  static constexpr std::uint8_t most = 6;  ///< further ones share the last
  [[nodiscard]] static Lanes of_history(const events::HistoryRead& history);
};

/// How many results came when. The bins become wider as a run becomes longer, so that there are never many.
class Throughput {
 public:
  void add(Seconds when, std::size_t results);
  [[nodiscard]] Seconds width() const { return width_; }
  [[nodiscard]] const std::vector<std::size_t>& bins() const { return bins_; }

 private:
  Seconds width_{1};
  std::vector<std::size_t> bins_;
};

class Model final : public events::Consumer {
 public:
  struct Running {
    Running() = default;
    job::JobId job{};
    job::WorkerId worker{};
    std::uint32_t attempt = 1;
    std::string item;
    bool begun = false;  ///< else it waits at its worker, or its files are on the way
    job::Phase phase = job::Phase::test;
    Seconds since{0};     ///< of the phase, or of when it was handed out
    Seconds expected{0};  ///< 0 = unknown
    bool overdue = false;
    std::string output;       ///< its end
    std::size_t printed = 0;  ///< bytes, all
  };
  enum class State : std::uint8_t { starting, ready, gone };
  struct Worker {
    Worker() = default;
    State state = State::starting;
    std::string node;
    std::optional<job::JobId> job;  ///< that it has begun
    std::string trouble;
  };
  struct Ended {
    events::JobEnded what;
    Seconds at{0};
  };

  explicit Model(events::Kind kind) : kind_{kind} {}

  void show(const events::Event& event, Seconds now) override;

  [[nodiscard]] bool searches() const { return kind_ == events::Kind::search; }
  [[nodiscard]] Seconds now() const { return now_; }
  [[nodiscard]] const events::RunStarted& started() const { return started_; }
  [[nodiscard]] const events::WorkloadsListed& listed() const { return listed_; }
  [[nodiscard]] const std::optional<events::RunEnded>& ended() const { return ended_; }
  [[nodiscard]] const std::vector<Worker>& workers() const { return workers_; }
  [[nodiscard]] std::size_t ready() const { return ready_; }
  [[nodiscard]] const std::map<job::JobId, Running>& running() const { return running_; }
  [[nodiscard]] const Running* find(job::JobId job) const;
  /// The newest last: of a search every test, of a suite what has a result other than passed; when it has ended, first
  /// what was only an attempt.
  [[nodiscard]] const std::vector<Ended>& endings() const { return endings_; }
  [[nodiscard]] const std::deque<std::string>& notices() const { return notices_; }

  /// Results with this mark, of a suite in workloads.
  [[nodiscard]] std::size_t results(events::Mark mark) const { return marks_.at(static_cast<std::size_t>(mark)); }
  [[nodiscard]] std::size_t results() const;
  /// Workloads, or of a hunt their runs; 0 = not known.
  [[nodiscard]] std::size_t items() const { return listed_.workloads * listed_.runs; }

  // ---- a search
  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] double rounds_left() const { return rounds_left_; }
  [[nodiscard]] double confidence() const { return confidence_; }
  /// How many candidates were left, from the beginning.
  [[nodiscard]] const std::vector<std::size_t>& shrinking() const { return shrinking_; }
  [[nodiscard]] const view::Funnel& funnel() const { return funnel_; }
  /// The test is flaky: verdicts are evidence, and nothing is certain.
  [[nodiscard]] bool doubts() const { return confidence_ > 0; }
  /// That the commit at this position is the first bad one, where the model doubts().
  [[nodiscard]] double share(std::size_t position) const { return belief_.share(position); }
  [[nodiscard]] bool may_be_it(std::size_t position) const {
    return doubts() ? share(position) >= least_share : funnel_.is_left(position);
  }
  static constexpr double least_share = 0.001;  ///< what is less is drawn as nothing
  [[nodiscard]] const Lanes& lanes() const { return lanes_; }
  /// By position in the history.
  [[nodiscard]] const std::vector<std::optional<events::Mark>>& verdicts() const { return verdicts_; }
  [[nodiscard]] bool is_probed(std::size_t position) const { return probes_.at(position) > 0; }

  // ---- time
  /// How long the rest may take, as of now; nothing while that is not known.
  [[nodiscard]] std::optional<Seconds> expected_left() const;
  [[nodiscard]] const Throughput& throughput() const { return throughput_; }
  /// Of the time that ready workers had, the share in which they had something to do.
  [[nodiscard]] double efficiency() const;
  /// What a job of a search takes, on average; 0 = nothing is known.
  [[nodiscard]] Seconds usual() const;

 private:
  void on(const events::RunStarted& event);
  void on(const events::HistoryRead& event);
  void on(const events::WorkloadsListed& event);
  void on(const events::WorkerReady& event);
  void on(const events::JobAssigned& event);
  void on(const events::PhaseStarted& event);
  void on(const events::StillRunning& event);
  void on(const events::JobReturned& event);
  void on(const events::Output& event);
  void on(const events::JobEnded& event);
  void on(const events::RunsAgain& event);
  void on(const events::VerdictKnown& event);
  void on(const events::Progress& event);
  void on(const events::WorkerGone& event);
  void on(const events::Notice& event);
  void on(const events::RunEnded& event);
  void on(const auto& /*event*/) {}

  void advance(Seconds now);
  Worker& worker(job::WorkerId id);
  void forget(job::JobId job);
  void narrow(const std::string& item, events::Mark mark, std::size_t left);

  events::Kind kind_;
  Seconds now_{0};
  events::RunStarted started_;
  events::WorkloadsListed listed_;
  std::optional<events::RunEnded> ended_;
  std::vector<Worker> workers_;
  std::size_t ready_ = 0;
  std::size_t busy_ = 0;
  std::map<job::JobId, Running> running_;
  std::vector<Ended> endings_;
  std::deque<std::string> notices_;
  std::array<std::size_t, 11> marks_{};
  std::size_t left_ = 0;
  double rounds_left_ = 0;
  double confidence_ = 0;
  std::vector<std::size_t> shrinking_;
  view::Funnel funnel_;
  view::Belief belief_;
  Lanes lanes_;
  std::vector<std::optional<events::Mark>> verdicts_;
  std::vector<std::uint32_t> probes_;
  Seconds expected_left_{0};
  Seconds expected_at_{0};
  Throughput throughput_;
  Seconds had_{0};   ///< of ready workers, together
  Seconds used_{0};  ///< with something to do
  Seconds tested_{0};
  std::size_t tests_ = 0;
};

}  // namespace nmz::screen
