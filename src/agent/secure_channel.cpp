// See secure_channel.hpp.
#include "secure_channel.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <bearssl.h>
#include <sys/random.h>

namespace nmz::agent {
namespace {

constexpr std::string_view magic = "NMZ-psk2";
constexpr std::size_t slot_size = 4;
constexpr std::size_t length_size = 4;
constexpr std::size_t tag_size = 16;
constexpr std::size_t said_size = opening_size - 2 * tag_size;  ///< what the proofs are about
static_assert(magic.size() + slot_size + sizeof(Key) == said_size);
static_assert(length_size + tag_size == record_overhead);

std::string little_endian(std::uint32_t number) {
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>(number >> shift & 0xffU));
  }
  return bytes;
}

std::uint32_t number_of(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sizeof(number); ++i) {
    number |= std::uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return number;
}

std::string_view view(const Key& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

/// In a time that does not depend on where they differ.
bool same(const void* a, const void* b, std::size_t size) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < size; ++i) {
    difference |=
        static_cast<unsigned>(static_cast<const unsigned char*>(a)[i] ^ static_cast<const unsigned char*>(b)[i]);
  }
  return difference == 0;
}

template <std::size_t Size>
std::array<unsigned char, Size> derive(const Key& key, std::string_view input, std::string_view label) {
  std::array<unsigned char, Size> out{};
  br_hkdf_context context;
  br_hkdf_init(&context, &br_sha256_vtable, key.data(), key.size());
  br_hkdf_inject(&context, input.data(), input.size());
  br_hkdf_flip(&context);
  br_hkdf_produce(&context, label.data(), label.size(), out.data(), out.size());
  erase(&context, sizeof(context));
  return out;
}

/// A point times a secret. All zeros for a point of low order, which costs nothing: the key is in everything derived.
Key multiply(Key point, const Key& secret) {
  Key scalar = secret;
  std::ranges::reverse(scalar);  // BearSSL has scalars big-endian
  scalar[0] = static_cast<unsigned char>((scalar[0] & 127U) | 64U);
  scalar[31] &= 248U;
  br_ec_c25519_m31.mul(point.data(), point.size(), scalar.data(), scalar.size(), BR_EC_curve25519);
  erase(scalar.data(), scalar.size());
  return point;
}

Key public_of(const Key& secret) { return multiply(Key{9}, secret); }

Key key_at(std::string_view bytes) {
  Key key{};
  std::copy_n(bytes.begin(), key.size(), key.begin());
  return key;
}

std::string proof(const Key& key, std::string_view input, std::string_view label) {
  const auto tag = derive<tag_size>(key, input, label);
  return {reinterpret_cast<const char*>(tag.data()), tag.size()};
}

Session session_of(const Key& key, std::string_view shared, bool is_agent) {
  auto bytes = derive<3 * sizeof(Key)>(key, shared, "keys");
  const auto part = [&bytes](std::size_t number) {
    return key_at({reinterpret_cast<const char*>(bytes.data()) + number * sizeof(Key), sizeof(Key)});
  };
  Session session{Sealer{part(is_agent ? 0 : 1)}, Opener{part(is_agent ? 1 : 0)}, part(2)};
  erase(bytes.data(), bytes.size());
  return session;
}

/// Erased by whoever asked for it.
std::string shared_of(const Key& point, const Key& secret, std::string_view opening, std::string_view reply_point) {
  Key product = multiply(point, secret);
  std::string shared;
  shared.reserve(product.size() + opening.size() + reply_point.size());  // no copy stays behind
  shared.append(view(product)).append(opening).append(reply_point);
  erase(product.data(), product.size());
  return shared;
}

/// In place, both ways.
std::array<unsigned char, tag_size> crypt(const Key& key, std::uint64_t number, std::string_view length, char* data,
                                          std::size_t size, bool encrypt) {
  std::array<unsigned char, 12> nonce{};
  std::memcpy(nonce.data() + 4, &number, sizeof(number));
  std::array<unsigned char, tag_size> tag{};
  static const br_chacha20_run fast = br_chacha20_sse2_get();
  br_poly1305_ctmulq_run(key.data(), nonce.data(), data, size, length.data(), length.size(), tag.data(),
                         fast != nullptr ? fast : &br_chacha20_ct_run, encrypt ? 1 : 0);
  return tag;
}

}  // namespace

void erase(void* bytes, std::size_t size) { ::explicit_bzero(bytes, size); }

void Sealer::seal(std::string_view plain, std::string& out) {
  if (plain.size() > max_record) {
    throw std::length_error("record too long");
  }
  const std::string length = little_endian(static_cast<std::uint32_t>(plain.size()));
  out.append(length).append(plain);
  const auto tag = crypt(key_, number_++, length, out.data() + out.size() - plain.size(), plain.size(), true);
  out.append(reinterpret_cast<const char*>(tag.data()), tag.size());
}

bool Opener::open(std::string_view bytes, std::string& plain) {
  if (broken_) {
    return false;
  }
  rest_.append(bytes);
  std::string_view unread{rest_};
  while (unread.size() >= length_size) {
    const std::uint32_t length = number_of(unread);
    if (length > max_record) {
      broken_ = true;
      return false;
    }
    if (unread.size() < length + record_overhead) {
      break;
    }
    if (!open_record(unread.substr(0, length + record_overhead), plain)) {
      broken_ = true;
      return false;
    }
    unread.remove_prefix(length + record_overhead);
  }
  rest_.erase(0, rest_.size() - unread.size());
  return true;
}

bool Opener::open_record(std::string_view record, std::string& plain) {
  const std::size_t before = plain.size();
  const std::size_t size = record.size() - record_overhead;
  plain.append(record.substr(length_size, size));
  const auto tag = crypt(key_, number_++, record.substr(0, length_size), plain.data() + before, size, false);
  if (!same(tag.data(), record.data() + length_size + size, tag_size)) {
    plain.resize(before);
    return false;
  }
  return true;
}

CallKeys first_keys(const Key& token, std::string_view task) { return {token, task_key(token, task)}; }

Key task_key(const Key& token, std::string_view task) { return derive<sizeof(Key)>(token, task, "task"); }

Caller::Caller(std::uint32_t slot, const CallKeys& keys, const Key& random)
    : keys_{keys}, secret_{random}, opening_{magic} {
  opening_.append(little_endian(slot)).append(view(public_of(secret_)));
  const std::string said = opening_;
  for (const Key* key : {&keys_.key, &keys_.task_key}) {
    opening_.append(proof(*key, said, "opening"));
  }
}

std::optional<Session> Caller::finish(std::string_view reply) const {
  if (reply.size() != reply_size) {
    return std::nullopt;
  }
  const std::string_view point = reply.substr(0, sizeof(Key));
  std::string shared = shared_of(key_at(point), secret_, opening_, point);
  std::optional<Session> session;
  for (const Key* key : {&keys_.key, &keys_.task_key}) {
    const std::string expected = proof(*key, shared, "reply");
    if (!session && same(expected.data(), reply.data() + sizeof(Key), tag_size)) {
      session = session_of(*key, shared, true);
    }
  }
  erase(shared.data(), shared.size());
  return session;
}

std::optional<std::uint32_t> slot_of(std::string_view opening) {
  if (opening.size() != opening_size || !opening.starts_with(magic)) {
    return std::nullopt;
  }
  return number_of(opening.substr(magic.size(), slot_size));
}

bool proves(std::string_view opening, const Key& key) {
  if (!slot_of(opening)) {
    return false;
  }
  const std::string expected = proof(key, opening.substr(0, said_size), "opening");
  return same(expected.data(), opening.data() + said_size, tag_size) ||
         same(expected.data(), opening.data() + said_size + tag_size, tag_size);
}

Answer answer(std::string_view opening, const Key& key, const Key& random) {
  const Key own_point = public_of(random);
  const Key their_point = key_at(opening.substr(magic.size() + slot_size));
  std::string shared = shared_of(their_point, random, opening, view(own_point));
  Answer answer{std::string{view(own_point)} + proof(key, shared, "reply"), session_of(key, shared, false)};
  erase(shared.data(), shared.size());
  return answer;
}

Key random_key() {
  Key key{};
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
    throw std::runtime_error("no randomness");
  }
  return key;
}

}  // namespace nmz::agent
