#include "web_socket.hpp"

#include <algorithm>
#include <utility>

#include <openssl/evp.h>

#include "nmz/http/base64.hpp"

namespace nmz::kubernetes {
namespace {

// RFC 6455, section 5.2.
constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned opcode_bits = 0x0F;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7F;
constexpr unsigned two_bytes = 126;
constexpr unsigned eight_bytes = 127;
constexpr std::size_t longest_of_control = 125;
constexpr std::size_t first_part = 2;

bool is_control(Opcode opcode) { return opcode >= Opcode::close; }

bool is_known(unsigned opcode) {
  return opcode <= static_cast<unsigned>(Opcode::binary) ||
         (opcode >= static_cast<unsigned>(Opcode::close) && opcode <= static_cast<unsigned>(Opcode::pong));
}

/// Big-endian.
void append_number(std::uint64_t number, unsigned bytes, std::string& out) {
  for (unsigned i = bytes; i > 0; --i) out += static_cast<char>(number >> (8U * (i - 1)) & 0xFFU);
}

tl::unexpected<Error> broken(const char* what) {
  return fail(ErrorKind::rejected, std::string{"what came over the WebSocket breaks its protocol: "} + what);
}

}  // namespace

std::string web_socket_accept(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  ::EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
               ::EVP_sha1(),  // NOLINT
               nullptr);
  digest.resize(size);
  return http::to_base64(digest);
}

void append_frame(Opcode opcode, std::string_view payload, std::array<unsigned char, 4> mask, std::string& out) {
  constexpr std::uint64_t most_in_two = 0xFFFF;
  out += static_cast<char>(final_bit | static_cast<unsigned>(opcode));
  if (payload.size() < two_bytes) {
    out += static_cast<char>(mask_bit | payload.size());
  } else if (payload.size() <= most_in_two) {
    out += static_cast<char>(mask_bit | two_bytes);
    append_number(payload.size(), 2, out);
  } else {
    out += static_cast<char>(mask_bit | eight_bytes);
    append_number(payload.size(), 8, out);
  }
  for (const unsigned char byte : mask) out += static_cast<char>(byte);
  const std::size_t begin = out.size();
  out += payload;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out[begin + i] = static_cast<char>(static_cast<unsigned char>(out[begin + i]) ^ mask[i % mask.size()]);
  }
}

void WebSocketReader::feed(std::string_view bytes) {
  bytes_.erase(0, begin_);
  begin_ = 0;
  bytes_ += bytes;
}

/// Nothing: it has not come as a whole.
Result<std::optional<WebSocketReader::Head>> WebSocketReader::head() const {
  const std::string_view bytes = std::string_view{bytes_}.substr(begin_);
  const auto byte = [&bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  std::optional<Head> none;
  if (bytes.empty()) return none;
  Head head;
  head.final = (byte(0) & final_bit) != 0;
  head.opcode = static_cast<Opcode>(byte(0) & opcode_bits);
  if ((byte(0) & reserved_bits) != 0) return broken("a reserved bit is set");
  if (!is_known(byte(0) & opcode_bits)) return broken("an unknown kind of frame");
  if (bytes.size() < first_part) return none;
  if ((byte(1) & mask_bit) != 0) return broken("a server's frame is masked");
  const unsigned length = byte(1) & length_bits;
  const std::size_t more = length == two_bytes ? 2 : length == eight_bytes ? 8 : 0;
  head.size = first_part + more;
  if (bytes.size() < head.size) return none;
  head.body = more == 0 ? length : 0;
  for (std::size_t i = first_part; i < head.size; ++i) head.body = head.body << 8U | byte(i);
  return head;
}

Result<void> WebSocketReader::check(const Head& head) const {
  if (is_control(head.opcode)) {
    if (!head.final) return broken("a control frame in pieces");
    if (head.body > longest_of_control) return broken("a control frame is too long");
    return {};
  }
  if (head.opcode == Opcode::continuation && !partial_) return broken("a continuation of nothing");
  if (head.opcode != Opcode::continuation && partial_) return broken("a message inside of another");
  if (head.body > longest_ - (partial_ ? partial_->payload.size() : 0)) return broken("a message is too long");
  return {};
}

Result<std::optional<WebSocketMessage>> WebSocketReader::next() {
  while (true) {
    auto found = head();
    if (!found) return tl::unexpected<Error>{found.error()};
    if (!*found) return std::optional<WebSocketMessage>{};
    const Head& one = **found;
    if (Result<void> checked = check(one); !checked) return tl::unexpected<Error>{checked.error()};
    if (bytes_.size() - begin_ - one.size < one.body) return std::optional<WebSocketMessage>{};
    const std::string_view body = std::string_view{bytes_}.substr(begin_ + one.size, one.body);
    begin_ += one.size + body.size();
    if (!is_control(one.opcode) && (!one.final || partial_)) {
      if (!partial_) partial_.emplace().opcode = one.opcode;
      partial_->payload += body;
      if (!one.final) continue;
      return std::exchange(partial_, std::nullopt);
    }
    WebSocketMessage message;
    message.opcode = one.opcode;
    message.payload = body;
    return std::optional{std::move(message)};
  }
}

}  // namespace nmz::kubernetes
