#include "image_name.hpp"

namespace nmz::cluster {

std::string without_tag(std::string reference) {
  reference = reference.substr(0, reference.find('@'));
  const std::size_t slash = reference.rfind('/');
  const std::size_t colon = reference.rfind(':');
  if (colon == std::string::npos || (slash != std::string::npos && colon < slash)) return reference;
  return reference.substr(0, colon);
}

}  // namespace nmz::cluster
