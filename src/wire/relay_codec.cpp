// The field lists of the relay's messages; what follows from the lists is in fields.hpp.
#include "nmz/wire/relay.hpp"

#include "fields.hpp"

namespace nmz::wire {
auto fields(Is<RelayHello> auto& m) { return std::tie(m.protocol, m.tokens, m.keys, m.address, m.port); }
auto fields(Is<ChannelReplay> auto& m) { return std::tie(m.channel, m.piece); }
auto fields(Is<ChannelClose> auto& m) { return std::tie(m.channel); }
auto fields(Is<ChannelData> auto& m) { return std::tie(m.channel, m.keep, m.bytes); }
auto fields(Is<RelayReady> auto& m) { return std::tie(m.protocol, m.port, m.failure); }
auto fields(Is<ChannelOpened> auto& m) { return std::tie(m.channel, m.peer, m.slot, m.task, m.next_key); }
auto fields(Is<ChannelCredit> auto& m) { return std::tie(m.channel, m.bytes); }
auto fields(Is<ChannelClosed> auto& m) { return std::tie(m.channel, m.reason); }
auto fields(Is<TaskAdmitted> auto& m) { return std::tie(m.slot, m.task); }
auto fields(Is<CallRefused> auto& m) { return std::tie(m.slot, m.peer); }

void encode(const RelayMessage& message, std::string& out) { write_frame(message, out); }

void RelayDecoder::feed(std::string_view bytes) {
  if (!error_) {
    append(buffer_, consumed_, bytes);
  }
}

Result<std::optional<RelayMessage>> RelayDecoder::next() {
  if (error_) {
    return tl::unexpected<Error>{*error_};
  }
  auto message = read_frame<RelayMessage>(buffer_, consumed_);
  if (!message) {
    error_ = message.error();
  }
  return message;
}

}  // namespace nmz::wire
