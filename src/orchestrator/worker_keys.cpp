// See worker_keys.hpp.
#include "worker_keys.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "task_slots.hpp"

namespace nmz::orchestrator {
namespace {

/// Of the Engine.
constexpr std::size_t largest_secret = std::size_t{500} << 10U;

std::string hexadecimal(const std::string& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4U];
    text += digits[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

std::string host_of(const std::string& peer) { return peer.substr(0, peer.rfind(':')); }

}  // namespace

WorkerKeys::WorkerKeys(std::vector<std::string> tokens)
    : tokens_{std::move(tokens)}, keys_{tokens_}, called_{tokens_.size()} {}

Result<std::string> WorkerKeys::secret() const {
  std::string text = "{{.Task.ID}} ";
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const std::string slot = std::to_string(i + 1);
    text.append("{{if eq .Task.Slot \"").append(slot).append("\"}}").append(slot).append(" ");
    text.append(hexadecimal(tokens_[i])).append("{{end}}");
    if (text.size() >= largest_secret) {
      return fail(ErrorKind::rejected, std::to_string(tokens_.size()) +
                                           " workers are too many for a Swarm: the secret " +
                                           "with their tokens has room for " + slot);
    }
  }
  return text;
}

void WorkerKeys::opened(const wire::ChannelOpened& opened) {
  if (opened.slot == 0 || opened.slot > keys_.size() || opened.next_key.size() != wire::token_size) return;
  std::string& keys = keys_[opened.slot - 1];
  keys.insert(0, opened.next_key);
  keys.resize(std::min(keys.size(), (1 + wire::former_keys) * wire::token_size));
  called_[opened.slot - 1].insert(opened.task);
}

bool WorkerKeys::is_of_a_worker(const wire::CallRefused& call) const {
  return call.slot > 0 && call.slot <= tokens_.size();
}

WorkerKeys::Ruling WorkerKeys::judge(const wire::CallRefused& call, const std::vector<docker::Task>& tasks) {
  Ruling ruling;
  if (!is_of_a_worker(call)) {
    ruling.notice = complain(0, call.peer);
    return ruling;
  }
  for (const docker::Task& task : tasks) {
    if (task.slot != call.slot || !has_the_slot(task)) continue;
    if (!called_[call.slot - 1].contains(task.id)) ruling.admit = task.id;
  }
  if (ruling.admit.empty()) ruling.notice = complain(call.slot, call.peer);
  return ruling;
}

std::string WorkerKeys::complain(std::uint32_t slot, const std::string& peer) {
  if (!told_.insert(slot).second) return {};
  const std::string which = slot > 0 ? "a second connection for worker " + std::to_string(slot)
                                     : std::string{"a connection to the relay without a worker's token"};
  return which + " was refused (from " + host_of(peer) + ")";
}

}  // namespace nmz::orchestrator
