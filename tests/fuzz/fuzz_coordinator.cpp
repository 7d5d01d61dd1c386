// What the coordinator hears from an agent that says anything, while it sends a run and a tree of its own.
//
// The first byte says what is sent: nothing, a tree, a job, two jobs of which one is cancelled, a job with a build, a
// tree and then a job. An agent that breaks the rules is ended: what it says afterwards is not looked at.
#include <string>

#include "bytes.hpp"
#include "conversation.hpp"

namespace nmz::fuzz {
namespace {

wire::Run job(std::uint64_t number) {
  wire::Run run;
  run.job = job::JobId{number};
  run.argv = {"true"};
  run.log_limit = 1000;
  return run;
}

wire::Run elaborate_job() {
  wire::Run run = job(1);
  run.build = "make";
  run.match = "x";
  run.timeout = std::chrono::milliseconds{1};
  return run;
}

void send_tree(coordinator::Conversation& conversation) {
  wire::TreeFile file;
  file.path = "a/b";
  std::string frames;
  wire::encode(wire::TreeBegin{true, false}, frames);
  wire::encode(file, frames);
  conversation.send_tree(frames);
  conversation.send(wire::TreeEnd{});
}

void send(coordinator::Conversation& conversation, std::uint8_t what) {
  switch (what % 6) {
    case 0:
      break;
    case 1:
      send_tree(conversation);
      break;
    case 2:
      conversation.send(job(1));
      break;
    case 3:
      conversation.send(job(1));
      conversation.send(job(2));
      conversation.send(wire::Cancel{job::JobId{2}});
      break;
    case 4:
      conversation.send(elaborate_job());
      break;
    default:
      send_tree(conversation);  // the job follows its TreeReady
  }
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz;
  fuzz::Bytes bytes(data, size);
  const std::uint8_t what = bytes.byte();
  coordinator::Conversation conversation;
  wire::Hello hello;
  hello.remarks = true;
  conversation.send(hello);
  wire::Decoder decoder;
  decoder.feed(bytes.rest());
  bool greeted = false;
  for (auto next = decoder.next(); next && *next; next = decoder.next()) {
    const auto broken = conversation.hear(**next);
    if (broken) {
      fuzz::demand(!broken->empty() && broken->find('\n') == std::string::npos);
      break;
    }
    const bool welcome = std::holds_alternative<wire::Welcome>(**next);
    fuzz::demand(greeted ? !welcome : welcome || std::holds_alternative<wire::Heartbeat>(**next));
    if (welcome) fuzz::send(conversation, what);
    if (std::holds_alternative<wire::TreeReady>(**next) && what % 6 == 5) conversation.send(fuzz::job(1));
    greeted = greeted || welcome;
    static_cast<void>(conversation.state());
  }
  return 0;
}
