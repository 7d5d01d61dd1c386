// Frames of both conversations: whatever comes in, in whatever pieces, is a message, an error, or not whole yet; what
// was a message stays the same message when it is sent on. What is cut for a relay is neither lost nor changed.
#include <string>
#include <vector>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/relay.hpp"

#include "bytes.hpp"
#include "frame_cutter.hpp"

namespace nmz::fuzz {
namespace {

template <class Message>
struct Heard {
  std::vector<Message> messages;
  bool broken = false;
};

template <class Message, class Decoder>
Heard<Message> hear(std::string_view bytes, std::size_t piece) {
  Heard<Message> heard;
  Decoder decoder;
  while (!bytes.empty() && !heard.broken) {
    decoder.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (auto next = decoder.next();; next = decoder.next()) {
      heard.broken = !next.has_value();
      if (heard.broken || !*next) break;
      heard.messages.push_back(std::move(**next));
    }
  }
  return heard;
}

template <class Message, class Decoder>
void check(std::string_view bytes, std::size_t piece) {
  const auto whole = hear<Message, Decoder>(bytes, std::string_view::npos);
  const auto pieces = hear<Message, Decoder>(bytes, piece);
  demand(whole.messages == pieces.messages && whole.broken == pieces.broken);
  std::string again;
  for (const Message& message : whole.messages) wire::encode(message, again);
  const auto heard = hear<Message, Decoder>(again, std::string_view::npos);
  demand(heard.messages == whole.messages && !heard.broken);
}

void check_cutter(std::string_view bytes, std::size_t piece) {
  orchestrator::FrameCutter cutter;
  std::string joined;
  for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
    for (const auto& part : cutter.cut(rest.substr(0, piece))) {
      demand(!part.bytes.empty() && part.bytes.size() <= wire::max_piece);
      joined += part.bytes;
    }
  }
  demand(joined == bytes);
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz;
  fuzz::Bytes bytes(data, size);
  const std::size_t piece = 1U + bytes.byte();
  fuzz::check<wire::Message, wire::Decoder>(bytes.rest(), piece);
  fuzz::check<wire::RelayMessage, wire::RelayDecoder>(bytes.rest(), piece);
  fuzz::check_cutter(bytes.rest(), piece);
  return 0;
}
