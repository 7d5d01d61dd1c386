#include "packed.hpp"

#include <array>
#include <cstddef>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <zlib.h>

namespace nmz::view::page {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string gzip(std::string_view bytes) {
  constexpr int level = 6;
  constexpr int gzip_window = 15 + 16;
  constexpr int memory = 8;
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, gzip_window, memory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error{"deflateInit2"};
  }
  std::string result(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = const_cast<Bytef*>(bytes_of(bytes));  // NOLINT(cppcoreguidelines-pro-type-const-cast): not written
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  static_cast<void>(::deflate(&stream, Z_FINISH));
  result.resize(stream.total_out);
  static_cast<void>(::deflateEnd(&stream));
  return result;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::size_t group = 3;
  constexpr std::size_t letters = 4;
  std::string result((bytes.size() + group - 1) / group * letters + 1, '\0');
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()), bytes_of(bytes),
                                     static_cast<int>(bytes.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

std::string packed(std::string_view bytes) { return base64(gzip(bytes)); }

std::string hash_source(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(bytes_of(text), text.size(), digest.data());
  return "sha256-" + base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace nmz::view::page
