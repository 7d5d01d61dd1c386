// The link between a worker's agent and the relay, over a network that anybody may read and write.
//
// Both know one key of 32 bytes that is this worker's alone. The handshake is that of Noise's NNpsk0 with other bytes:
//
//     agent                                                    relay
//     magic, slot, its ephemeral X25519 key, two proofs ->
//                     <- its ephemeral key, proof of a key and of the shared secret
//     a record: the name of its task ->                        only now it is a worker
//
// Two proofs, because there are two keys that the task of a worker may have to begin with: the worker's token, and what
// is derived from the token and the task's own name. The first counts once, for whichever task of the worker is first
// (door.hpp); tests can read it afterwards, but they cannot know the names of tasks that come later.
//
// What follows are records: a length, so much ciphertext and a tag (ChaCha20-Poly1305, the number of the record is the
// nonce, the length is authenticated too). Whatever was changed, dropped, repeated or moved ends the connection.
//
// A key serves once: both sides derive the next one from the shared secret, so that who reads the first one afterwards,
// as a test in the worker's container can, can neither read what is said nor be taken for the worker.
//
// BearSSL, because it is small: 12 KB in the agent, where libsodium takes 200 KB (tables and variants for every
// processor) and the agent has to fit into one Swarm config. Pure: bytes and randomness come in, bytes go out.
// Specifications: RFC 7748, RFC 8439, RFC 5869 (with SHA-256).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nmz::agent {

using Key = std::array<unsigned char, 32>;

inline constexpr std::size_t opening_size = 76;
inline constexpr std::size_t reply_size = 48;
inline constexpr std::size_t max_record = std::size_t{16} << 10;
inline constexpr std::size_t record_overhead = 20;
/// A task's name, filled up with zeros; the Swarm's have 25 characters.
inline constexpr std::size_t task_size = 32;
inline constexpr std::size_t last_word_size = task_size + record_overhead;

/// Overwritten in a way that no compiler leaves out.
void erase(void* bytes, std::size_t size);

/// Makes records of one direction.
class Sealer {
 public:
  explicit Sealer(const Key& key) : key_{key} {}
  Sealer(const Sealer&) = default;
  Sealer& operator=(const Sealer&) = default;
  ~Sealer() { erase(key_.data(), key_.size()); }
  /// Appends one record; `plain`: at most max_record.
  void seal(std::string_view plain, std::string& out);

 private:
  Key key_;
  std::uint64_t number_ = 0;
};

/// Opens those of the other one.
class Opener {
 public:
  explicit Opener(const Key& key) : key_{key} {}
  Opener(const Opener&) = default;
  Opener& operator=(const Opener&) = default;
  ~Opener() { erase(key_.data(), key_.size()); }
  /// Appends what is whole to `plain`. False, for ever, when something is not what was sealed.
  [[nodiscard]] bool open(std::string_view bytes, std::string& plain);

 private:
  [[nodiscard]] bool open_record(std::string_view record, std::string& plain);

  Key key_;
  std::uint64_t number_ = 0;
  std::string rest_;  ///< less than one record
  bool broken_ = false;
};

struct Session {
  Sealer sealer;
  Opener opener;
  Key next;  ///< what the worker's key is from now on
};

/// What a worker calls with: one of the two.
struct CallKeys {
  CallKeys() = default;
  /// The same twice where there is only one.
  CallKeys(const Key& key_in, const Key& task_key_in) : key{key_in}, task_key{task_key_in} {}
  CallKeys(const CallKeys&) = default;
  CallKeys& operator=(const CallKeys&) = default;
  ~CallKeys() {
    erase(key.data(), key.size());
    erase(task_key.data(), task_key.size());
  }
  Key key{};
  Key task_key{};
};
/// Those of a task that has not called yet.
[[nodiscard]] CallKeys first_keys(const Key& token, std::string_view task);
[[nodiscard]] Key task_key(const Key& token, std::string_view task);

/// The agent's side.
class Caller {
 public:
  /// `random`: never used before.
  Caller(std::uint32_t slot, const CallKeys& keys, const Key& random);
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { erase(secret_.data(), secret_.size()); }
  [[nodiscard]] const std::string& opening() const { return opening_; }
  /// Nothing when that was no relay which knows one of the keys.
  [[nodiscard]] std::optional<Session> finish(std::string_view reply) const;

 private:
  CallKeys keys_;
  Key secret_;
  std::string opening_;
};

/// Which worker calls; nothing when these are not the bytes of an opening.
[[nodiscard]] std::optional<std::uint32_t> slot_of(std::string_view opening);
/// Whether one of the two proofs is of this key.
[[nodiscard]] bool proves(std::string_view opening, const Key& key);

struct Answer {
  std::string reply;
  Session session;
};
/// The relay's side, for an opening that proves the key.
[[nodiscard]] Answer answer(std::string_view opening, const Key& key, const Key& random);

/// From the kernel; throws when there is none.
[[nodiscard]] Key random_key();

}  // namespace nmz::agent
