#include "arrivals.hpp"

#include <algorithm>
#include <utility>

namespace nmz::orchestrator {

void Arrivals::no_longer_wanted(job::WorkerId worker) {
  if (wanted_.erase(worker) == 0) return;
  if (others_ > 0) {
    --others_;
  } else if (in_vain_ > 0) {
    --in_vain_;
  } else {
    ++surplus_;
  }
}

std::uint32_t Arrivals::ask_for_first(std::uint32_t most) {
  asked_ = last_asked_ = std::min(others_, most);
  others_ -= asked_;
  return asked_;
}

std::uint32_t Arrivals::ask_for_others() {
  if (others_ == 0) return 0;
  last_asked_ = std::exchange(others_, 0);
  asked_ += last_asked_;
  return asked_;
}

void Arrivals::nobody_comes() {
  in_vain_ += last_asked_;
  asked_ -= std::exchange(last_asked_, 0);
}

void Arrivals::start_over() {
  others_ += std::exchange(asked_, 0);
  last_asked_ = 0;
}

std::shared_ptr<Stream> Arrivals::take(job::WorkerId worker) {
  if (arrived_.empty()) return nullptr;
  std::shared_ptr<Stream> first = std::move(arrived_.front());
  arrived_.pop_front();
  wanted_.erase(worker);
  return first;
}

bool Arrivals::is_in_vain(job::WorkerId worker) {
  if (in_vain_ == 0 || !arrived_.empty()) return false;
  --in_vain_;
  wanted_.erase(worker);
  return true;
}

std::vector<std::shared_ptr<Stream>> Arrivals::take_surplus() {
  std::vector<std::shared_ptr<Stream>> home;
  for (; surplus_ > 0 && arrived_.size() > wanted_.size(); --surplus_) {
    home.push_back(std::move(arrived_.back()));
    arrived_.pop_back();
  }
  return home;
}

}  // namespace nmz::orchestrator
