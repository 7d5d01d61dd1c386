// The field lists of the conversation with a worker; what follows from them is in fields.hpp.
#include "nmz/wire/codec.hpp"

#include <array>

#include "fields.hpp"

namespace nmz::job {

auto fields(wire::Is<Outcome> auto& m) {
  return std::tie(m.kind, m.code, m.matched, m.disk_full, m.watched, m.disk_tight, m.detail, m.unread);
}
auto fields(wire::Is<Taken> auto& m) { return std::tie(m.name, m.place); }

}  // namespace nmz::job

namespace nmz::wire {

auto fields(Is<Nonce> auto& m) { return std::tie(m.high, m.low); }
auto fields(Is<Hello> auto& m) { return std::tie(m.protocol, m.worker, m.token, m.heartbeat, m.kept_tree, m.remarks); }
auto fields(Is<TreeBegin> auto& m) { return std::tie(m.replace, m.clean); }
auto fields(Is<TreeRemove> auto& m) { return std::tie(m.path); }
auto fields(Is<TreeFile> auto& m) { return std::tie(m.path, m.mode, m.size, m.keep_if_same, m.git); }
auto fields(Is<TreeData> auto& m) { return std::tie(m.bytes); }
auto fields(Is<TreeDirectory> auto& m) { return std::tie(m.path); }
auto fields(Is<TreeEnd> auto& m) { return std::tie(m.nonce, m.label); }
auto fields(Is<Run> auto& m) {
  return std::tie(m.job, m.attempt, m.nonce, m.argv, m.program, m.build, m.env, m.unset, m.directory, m.input, m.match,
                  m.timeout, m.kill_grace, m.log_limit, m.watch);
}
auto fields(Is<Cancel> auto& m) { return std::tie(m.job, m.only_if_waiting); }
auto fields(Is<Shutdown> auto& /*m*/) { return std::tie(); }
auto fields(Is<KeptTree> auto& m) { return std::tie(m.label, m.changed, m.paths, m.bytes); }
auto fields(Is<Welcome> auto& m) { return std::tie(m.protocol, m.version, m.node, m.pid, m.kept); }
auto fields(Is<TreeReady> auto& m) { return std::tie(m.outcome, m.nonce); }
auto fields(Is<Started> auto& m) { return std::tie(m.job, m.phase); }
auto fields(Is<Log> auto& m) { return std::tie(m.job, m.bytes); }
auto fields(Is<Finished> auto& m) {
  return std::tie(m.job, m.attempt, m.nonce, m.outcome, m.build_time, m.test_time, m.cpu_time, m.log_bytes, m.log_cut);
}
auto fields(Is<TreeState> auto& m) { return std::tie(m.changed, m.last); }
auto fields(Is<Heartbeat> auto& m) { return std::tie(m.job); }
auto fields(Is<Took> auto& m) { return std::tie(m.job, m.what); }
auto fields(Is<Remark> auto& m) { return std::tie(m.text); }

template <>
inline constexpr std::size_t enumerators<FileMode> = 3;
template <>
inline constexpr std::size_t enumerators<job::Phase> = 2;
template <>
inline constexpr std::size_t enumerators<job::OutcomeKind> = static_cast<std::size_t>(job::OutcomeKind::lost) + 1;

void encode(const Message& message, std::string& out) { write_frame(message, out); }

bool fits(const Message& message) { return payload_size(message) <= max_payload; }

void Decoder::feed(std::string_view bytes) {
  if (!error_) {
    append(buffer_, consumed_, bytes);
  }
}

Result<std::optional<Message>> Decoder::next() {
  if (error_) {
    return tl::unexpected<Error>{*error_};
  }
  auto message = read_frame<Message>(buffer_, consumed_, largest_);
  if (!message) {
    error_ = message.error();
  }
  return message;
}

PathTotals path_totals(std::string_view frames) {
  PathTotals totals;
  const auto type_of = [](const Message& one) { return one.index() + 1; };
  const std::array<std::size_t, 3> types{type_of(TreeBegin{}), type_of(TreeFile{}), type_of(TreeDirectory{})};
  while (frames.size() >= header_size) {
    Reader header{frames};
    std::uint32_t size = 0;
    std::uint8_t type = 0;
    get(header, size);
    get(header, type);
    Reader payload{header.take(size)};
    if (type == types[0]) {
      get(payload, totals.replaced);
    } else if (type == types[1] || type == types[2]) {
      std::uint32_t length = 0;
      get(payload, length);
      ++totals.paths;
      totals.bytes += payload.take(length).size();
    }
    frames = header.rest;
  }
  return totals;
}

bool Decoder::at_boundary() const { return !error_ && consumed_ == buffer_.size(); }

}  // namespace nmz::wire
