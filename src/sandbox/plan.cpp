// Words that end with NUL, since paths may contain anything else.
#include "nmz/sandbox/plan.hpp"

namespace nmz::sandbox {
namespace {

std::optional<std::string> take_word(std::string_view& bytes) {
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  std::string word{bytes.substr(0, end)};
  bytes.remove_prefix(end + 1);
  return word;
}

bool is_kind(std::string_view word) {
  return word.size() == 1 && std::string_view{"ompals"}.find(word) != std::string_view::npos;
}

}  // namespace

std::string encode(const Plan& plan) {
  std::string bytes;
  const auto put = [&bytes](std::string_view word) { bytes.append(word).push_back('\0'); };
  put(plan.own_user ? "1" : "0");
  put(plan.user_attributes ? "1" : "0");
  put(plan.own_network ? "1" : "0");
  put(plan.gateway);
  put(plan.checkout);
  put(plan.mask);
  put(plan.work);
  for (const Mount& mount : plan.mounts) {
    put({reinterpret_cast<const char*>(&mount.kind), 1});  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    put(mount.target);
    put(mount.source);
  }
  return bytes;
}

std::optional<Plan> decode(std::string_view bytes) {
  Plan plan;
  std::string user;
  std::string attributes;
  std::string network;
  for (std::string* field : {&user, &attributes, &network, &plan.gateway, &plan.checkout, &plan.mask, &plan.work}) {
    auto word = take_word(bytes);
    if (!word) return std::nullopt;
    *field = std::move(*word);
  }
  plan.own_user = user == "1";
  plan.user_attributes = attributes == "1";
  plan.own_network = network == "1";
  while (!bytes.empty()) {
    auto kind = take_word(bytes);
    auto target = take_word(bytes);
    auto source = take_word(bytes);
    if (!source || !is_kind(*kind)) return std::nullopt;
    plan.mounts.push_back({static_cast<Mount::Kind>(kind->front()), std::move(*target), std::move(*source)});
  }
  return plan;
}

}  // namespace nmz::sandbox
