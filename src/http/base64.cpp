#include "nmz/http/base64.hpp"

#include <openssl/evp.h>

namespace nmz::http {

std::string to_base64(const std::string& data) {
  std::string text((data.size() + 2) / 3 * 4 + 1, '\0');
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),        // NOLINT
                                     reinterpret_cast<const unsigned char*>(data.data()),  // NOLINT
                                     static_cast<int>(data.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string from_base64(const std::string& text) {
  std::string data(text.size(), '\0');
  const int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(data.data()),        // NOLINT
                                     reinterpret_cast<const unsigned char*>(text.data()),  // NOLINT
                                     static_cast<int>(text.size()));
  if (size < 0) return {};
  auto length = static_cast<std::size_t>(size);
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) --length;
  data.resize(length);
  return data;
}

}  // namespace nmz::http
