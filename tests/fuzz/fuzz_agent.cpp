// The agent under a coordinator that says anything: the real Agent on one end of a socket pair, with a tree of its own.
//
// Whole messages in the input are taken as they are, but for Run: it asks for a program that does not exist, so that
// nothing of the fuzzer's choice is ever executed. Bytes that are no message follow as they are. Beside the tree lies a
// file that nobody may touch. Links to it are in the tree at first (what replaces them may not follow them), and are
// among what the seeds send.
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/signalfd.h>

#include "agent.hpp"
#include "bytes.hpp"
#include "scratch.hpp"
#include "tree_root.hpp"

namespace nmz::fuzz {
namespace {
namespace fs = std::filesystem;

class Place {
 public:
  Place() {
    fs::create_directory(scratch_.path() / "beside");
    std::ofstream{scratch_.path() / "beside" / "file"} << "untouched";
    sigset_t set{};
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = set;
  }

  [[nodiscard]] fs::path tree() const { return scratch_.path() / "tree"; }
  [[nodiscard]] int open_signals() const { return ::signalfd(-1, &signals_, SFD_NONBLOCK | SFD_CLOEXEC); }

  /// What the last test may have left: a link out of the tree, as a file and as a directory.
  void lay_out() const {
    fs::remove_all(tree());
    fs::create_directory(tree());
    fs::create_symlink("../beside", tree() / "l");
    fs::create_symlink("../beside/file", tree() / "f");
  }

  void check_beside() const {
    const auto entries = std::distance(fs::directory_iterator{scratch_.path()}, fs::directory_iterator{});
    const auto beside = std::distance(fs::directory_iterator{scratch_.path() / "beside"}, fs::directory_iterator{});
    std::ifstream file{scratch_.path() / "beside" / "file"};
    const std::string content{std::istreambuf_iterator<char>{file}, {}};
    demand(entries <= 2 && beside == 1 && content == "untouched");
  }

 private:
  Scratch scratch_;
  sigset_t signals_{};
};

void make_harmless(wire::Message& message) {
  if (auto* hello = std::get_if<wire::Hello>(&message)) hello->heartbeat = std::chrono::milliseconds{1000};
  auto* run = std::get_if<wire::Run>(&message);
  if (run == nullptr) return;
  run->argv = {"no such program"};
  run->program = "/dev/null/none";
  run->build.clear();
  run->timeout = run->kill_grace = std::chrono::milliseconds{0};
}

std::string conversation(std::string_view bytes) {
  constexpr int most_runs = 2;  // each forks
  wire::Decoder decoder;
  decoder.feed(bytes);
  std::string said;
  std::string as_heard;
  int runs = 0;
  for (auto next = decoder.next(); next && *next; next = decoder.next()) {
    wire::encode(**next, as_heard);
    make_harmless(**next);
    if (std::holds_alternative<wire::Run>(**next) && ++runs > most_runs) continue;
    wire::encode(**next, said);
  }
  if (as_heard.size() < bytes.size()) said += bytes.substr(as_heard.size());
  return said;
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz;
  static const fuzz::Place place;
  fuzz::Bytes bytes(data, size);
  const bool has_tree = bytes.byte() % 4 != 0;
  if (has_tree) place.lay_out();
  const auto [ours, its] = fuzz::socket_pair();
  fuzz::write_what_fits(ours, fuzz::conversation(bytes.rest()));
  ::shutdown(ours, SHUT_WR);
  auto root = has_tree ? agent::TreeRoot::choose({place.tree().string()}) : std::optional{agent::TreeRoot{}};
  fuzz::demand(root.has_value());
  agent::Agent agent{agent::FrameStream{agent::UniqueFd{its}, agent::UniqueFd{}}, agent::UniqueFd{place.open_signals()},
                     std::make_shared<agent::TreeRoot>(std::move(*root))};
  static_cast<void>(agent.run());
  ::close(ours);
  if (has_tree) place.check_beside();
  return 0;
}
