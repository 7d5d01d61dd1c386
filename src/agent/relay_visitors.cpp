// The relay's connections until they are a worker's, see relay.hpp.
#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay.hpp"
#include "relay_event.hpp"
#include "tcp.hpp"

namespace nmz::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t visitors_limit = 256;
constexpr std::size_t at_once = 64;  ///< fewer, so that each is heard before it is the oldest
constexpr auto visitor_grace = 250ms;
constexpr auto refusals_every = 200ms;

}  // namespace

/// Of those that have said nothing, or too little, the oldest goes: what a worker says first comes with its connection.
/// Those that have given a proof are left in peace for a while.
bool Relay::make_room_for_visitor() {
  if (visitors_.size() < visitors_limit) {
    return true;
  }
  for (auto at = visitors_.begin(); at != visitors_.end(); ++at) {
    if (!at->second.session && (!hear(at->second) || !at->second.session)) {
      visitors_.erase(at);
      return true;
    }
  }
  if (Clock::now() - visitors_.begin()->second.came < visitor_grace) {
    return false;
  }
  visitors_.erase(visitors_.begin());
  return true;
}

/// Where it stops before it has accepted all, it is called again in the next round.
void Relay::accept_visitors() {
  has_no_room_ = false;
  for (std::size_t count = 0; may_accept_ && count < at_once; ++count) {
    if (!make_room_for_visitor()) {
      has_no_room_ = true;
      return;
    }
    UniqueFd fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd) {
      const bool out_of_descriptors = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
      may_accept_ = errno != EAGAIN;
      if (out_of_descriptors) {
        has_no_room_ = true;
        return;
      }
      continue;
    }
    tune_connection(fd.get());
    const auto peer = Address::of_peer(fd.get());
    const std::uint32_t number = ++last_visitor_;
    if (!peer || !watch(fd.get(), EPOLLIN, tag_of(Kind::visitor, number))) {
      continue;
    }
    Visitor visitor;
    visitor.fd = std::move(fd);
    visitor.peer = peer->text();
    visitor.came = Clock::now();
    visitors_.emplace(number, std::move(visitor));
  }
}

bool Relay::hear(Visitor& visitor) {
  const std::size_t wanted = visitor.session ? last_word_size : opening_size;
  static_assert(last_word_size <= opening_size);
  std::array<char, opening_size> bytes{};
  const ssize_t got = ::read(visitor.fd.get(), bytes.data(), wanted - visitor.bytes.size());
  if (got <= 0) {
    return got < 0 && would_block(errno);
  }
  visitor.bytes.append(bytes.data(), static_cast<std::size_t>(got));
  if (visitor.bytes.size() < wanted) {
    return true;
  }
  if (!visitor.session) {
    return answer_opening(visitor);
  }
  return hear_last_word(visitor);
}

bool Relay::answer_opening(Visitor& visitor) {
  const std::uint32_t number = slot_of(visitor.bytes).value_or(0);
  const bool exists = number > 0 && number <= slots_.size();
  const auto who = exists ? slots_[number - 1].door.who(visitor.bytes) : Door::Caller::nobody;
  if (who == Door::Caller::former) {
    return false;
  }
  if (who != Door::Caller::worker) {
    refuse(visitor, who == Door::Caller::spent ? number : 0);
    return false;
  }
  visitor.slot = number;
  visitor.key = slots_[number - 1].door.key();
  Answer answer = agent::answer(visitor.bytes, visitor.key, random_key());
  visitor.session = std::move(answer.session);
  visitor.bytes.clear();
  // A new connection has room for it.
  return ::send(visitor.fd.get(), answer.reply.data(), answer.reply.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(answer.reply.size()) &&
         hear(visitor);
}

bool Relay::hear_last_word(Visitor& visitor) {
  std::string task;
  if (!visitor.session->opener.open(visitor.bytes, task) || task.size() != task_size) {
    refuse(visitor, 0);  // a recorded opening comes as far as this
  } else if (slots_[visitor.slot - 1].door.key() != visitor.key) {
    refuse(visitor, visitor.slot);  // of two that called with one key the other was first
  } else {
    task.erase(task.find_last_not_of('\0') + 1);
    open_channel(std::move(visitor), std::move(task));
  }
  return false;
}

void Relay::refuse(const Visitor& visitor, std::uint32_t slot) {
  Clock::time_point& told = slot > 0 ? slots_[slot - 1].refusal_told : refusal_told_;
  if (const auto now = Clock::now(); now - told >= refusals_every) {
    told = now;
    peer_.send(wire::CallRefused{slot, visitor.peer});
  }
}

void Relay::open_channel(Visitor visitor, std::string task) {
  const std::uint32_t number = ++last_channel_;
  const auto both_ways = static_cast<std::uint32_t>(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  if (!watch(visitor.fd.get(), both_ways, tag_of(Kind::channel, number), true)) {
    return;
  }
  Slot& slot = slots_[visitor.slot - 1];
  if (const auto before = channels_.find(slot.channel); before != channels_.end()) {
    finish(before->second, "its worker called again");  // or another task has taken its place
  }
  slot.channel = number;
  slot.door.let_in(task, visitor.session->next);
  wire::ChannelOpened opened{wire::ChannelId{number}, std::move(visitor.peer), visitor.slot, std::move(task), {}};
  opened.next_key.assign(visitor.session->next.begin(), visitor.session->next.end());
  peer_.send(opened);
  channels_.try_emplace(number, wire::ChannelId{number}, std::move(visitor.fd), visitor.slot,
                        std::move(*visitor.session));
}

}  // namespace nmz::agent
