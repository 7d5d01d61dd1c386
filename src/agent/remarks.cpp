#include "remarks.hpp"

#include <algorithm>

#include <sys/resource.h>
#include <unistd.h>

#include "nmz/wire/messages.hpp"

namespace nmz::agent {
namespace {

std::string milliseconds(std::chrono::nanoseconds time) {
  constexpr std::int64_t ten = 10;
  const std::int64_t tenths = std::chrono::duration_cast<std::chrono::microseconds>(time).count() / 100;
  return std::to_string(tenths / ten) + '.' + std::to_string(tenths % ten) + " ms";
}

std::string limit(int resource, const char* of_what) {
  rlimit most{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &most) != 0) return {};
  const std::string number = most.rlim_cur == RLIM_INFINITY ? "any number of" : std::to_string(most.rlim_cur);
  return number + ' ' + of_what;
}

std::string shortened(std::string text) {
  text.resize(std::min(text.size(), wire::longest_remark));
  return text;
}

}  // namespace

std::string whereabouts(const std::string& tree, bool in_a_world) {
  std::string text = "process " + std::to_string(::getpid()) + " of user " + std::to_string(::geteuid());
  text += "; at most " + limit(RLIMIT_NPROC, "processes") + " and " + limit(RLIMIT_NOFILE, "descriptors");
  text += in_a_world ? "; in a world of its own" : "; in no world of its own";
  if (!tree.empty()) text += "; its tree is " + tree;
  return shortened(std::move(text));
}

std::string laid_out(std::uint64_t files, std::chrono::nanoseconds took) {
  return "tree laid out in " + milliseconds(took) + ": " + std::to_string(files) + " files sent or removed";
}

std::string begins(std::uint64_t job, std::chrono::nanoseconds prepared, const std::string& tree) {
  return shortened("job " + std::to_string(job) + " begins after " + milliseconds(prepared) +
                   (tree.empty() ? std::string{} : " in " + tree));
}

}  // namespace nmz::agent
