// The field lists of the relay's messages, and the knock; what follows from the lists is in fields.hpp.
//
// A knock is the magic bytes and the token, filled up with zeros: the relay needs to know how many bytes to wait for
// before it knows who is there. It is compared without a branch on its content, so that the time says nothing about
// how much of a guess was right.
#include "nmz/wire/relay.hpp"

#include "fields.hpp"

namespace nmz::wire {
namespace {

constexpr std::string_view knock_magic = "NMZKNOCK";
static_assert(knock_magic.size() + longest_token == knock_size);

}  // namespace

auto fields(Is<RelayHello> auto& m) { return std::tie(m.protocol, m.token, m.address, m.port); }
auto fields(Is<ChannelReplay> auto& m) { return std::tie(m.channel, m.piece); }
auto fields(Is<ChannelClose> auto& m) { return std::tie(m.channel); }
auto fields(Is<ChannelData> auto& m) { return std::tie(m.channel, m.keep, m.bytes); }
auto fields(Is<RelayReady> auto& m) { return std::tie(m.protocol, m.port, m.failure); }
auto fields(Is<ChannelOpened> auto& m) { return std::tie(m.channel, m.peer); }
auto fields(Is<ChannelCredit> auto& m) { return std::tie(m.channel, m.bytes); }
auto fields(Is<ChannelClosed> auto& m) { return std::tie(m.channel, m.reason); }

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

std::string knock(std::string_view token) {
  if (token.size() > longest_token) {
    throw std::length_error("token too long for a knock");
  }
  std::string bytes{knock_magic};
  bytes += token;
  bytes.resize(knock_size, '\0');
  return bytes;
}

bool knocks(std::string_view bytes, std::string_view token) {
  const std::string expected = knock(token);
  if (bytes.size() != expected.size()) {
    return false;
  }
  unsigned difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference |= static_cast<unsigned char>(bytes[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(expected[i]));
  }
  return difference == 0;
}

}  // namespace nmz::wire
