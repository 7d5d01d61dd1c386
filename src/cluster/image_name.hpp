// Names of images. Pure.
#pragma once

#include <string>

namespace nmz::cluster {

/// "r.example.org:5000/a/b" of "r.example.org:5000/a/b:tag" and of "r.example.org:5000/a/b@sha256:...".
[[nodiscard]] std::string without_tag(std::string reference);

}  // namespace nmz::cluster
