// Writes the seeds that are conversations: DIRECTORY/agent, /coordinator and /wire.
//
// They are made from the messages as they are today. Kept as bytes they would go stale with the next change of the
// protocol, and a fuzzer that begins with refused greetings would look as busy as before and reach nothing.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "nmz/wire/codec.hpp"
#include "nmz/wire/relay.hpp"

namespace nmz::fuzz {
namespace {
namespace fs = std::filesystem;
using namespace wire;  // NOLINT(google-build-using-namespace)

std::string frames(const std::vector<Message>& messages) {
  std::string bytes;
  for (const Message& message : messages) encode(message, bytes);
  return bytes;
}

Hello hello() { return {protocol_version, job::WorkerId{1}, "", std::chrono::milliseconds{1000}, false, true}; }

Run run(std::uint64_t job) {
  Run run;
  run.job = job::JobId{job};
  run.argv = {"true", "x"};
  run.env = {"A=b"};
  run.unset = {"C"};
  run.match = "x";
  return run;
}

job::Outcome ended(job::OutcomeKind kind, std::int32_t code = 0) {
  job::Outcome outcome;
  outcome.kind = kind;
  outcome.code = code;
  return outcome;
}

job::Outcome exited(std::int32_t code) { return ended(job::OutcomeKind::exited, code); }

Finished finished(std::uint64_t job, job::Outcome outcome, std::uint64_t log = 0) {
  Finished end;
  end.job = job::JobId{job};
  end.outcome = std::move(outcome);
  end.log_bytes = log;
  return end;
}

class Seeds {
 public:
  Seeds(const fs::path& root, const std::string& name) : directory_{root / name} { fs::create_directories(directory_); }
  void add(const std::string& name, char first, const std::string& bytes) const {
    std::ofstream file{directory_ / name, std::ios::binary};
    file << first << bytes;
    if (!file.flush()) throw std::runtime_error{"cannot write " + (directory_ / name).string()};
  }

 private:
  fs::path directory_;
};

/// The first byte: whether there is a tree.
void write_agent(const fs::path& root) {
  const Seeds seeds{root, "agent"};
  const TreeBegin anew{true, false};
  const TreeFile a{"a", FileMode::regular, 5, false};
  const TreeData data{"hello"};
  const TreeFile x{"d/x", FileMode::executable, 0, true};
  const auto tree = [&](std::vector<Message> more) {
    std::vector<Message> all{hello(), anew, a, data, x, TreeDirectory{"sub"}, TreeEnd{}};
    all.insert(all.end(), more.begin(), more.end());
    return frames(all);
  };
  seeds.add("tree", 1, tree({Shutdown{}}));
  seeds.add("run", 1, tree({run(1), TreeBegin{false, true}, TreeRemove{"a"}, TreeRemove{"d/x"}, TreeEnd{}, run(2)}));
  seeds.add("same", 1, tree({TreeBegin{}, TreeFile{"a", FileMode::regular, 5, true}, data, TreeEnd{}}));
  seeds.add("kinds", 1,
            tree({TreeBegin{}, TreeFile{"a/b", FileMode::regular, 0, false}, TreeDirectory{"d"},
                  TreeFile{"sub", FileMode::symlink, 5, false}, data, TreeEnd{}, run(1)}));
  seeds.add("links", 1,
            frames({hello(), TreeBegin{}, TreeFile{"l/x", FileMode::regular, 5, false}, data, TreeRemove{"f"},
                    TreeFile{"f", FileMode::regular, 5, false}, data, TreeEnd{}, run(1)}));
  // A link that it was sent leads out of the tree, and then something is sent through it.
  const TreeFile link{"l", FileMode::symlink, 9, false};
  const std::vector<Message> through{hello(),
                                     anew,
                                     link,
                                     TreeData{"../beside"},
                                     TreeEnd{},
                                     TreeBegin{},
                                     TreeFile{"l/x", FileMode::regular, 5, false},
                                     data,
                                     TreeRemove{"l/file"},
                                     TreeEnd{}};
  seeds.add("through", 1, frames(through));
  seeds.add("paths", 1, frames({hello(), anew, TreeFile{"../beside/file", FileMode::regular, 0, false}, TreeEnd{}}));
  seeds.add("cut", 1, frames({hello(), anew, a}));
  seeds.add("no-tree", 0, frames({hello(), run(1), run(2), Cancel{job::JobId{2}, true}, Cancel{job::JobId{1}}}));
  seeds.add("two-hellos", 1, frames({hello(), hello()}));
}

/// The first byte: what was sent before (fuzz_coordinator.cpp).
void write_coordinator(const fs::path& root) {
  const Seeds seeds{root, "coordinator"};
  const Welcome welcome{protocol_version, "0.1", "node", 7};
  const Started started{job::JobId{1}};
  const Log log{job::JobId{1}, "abc"};
  seeds.add("tree", 1, frames({welcome, TreeReady{exited(0), {}}, Heartbeat{}}));
  seeds.add("no-tree", 1, frames({welcome, TreeReady{ended(job::OutcomeKind::untestable), {}}}));
  seeds.add("job", 2,
            frames({welcome, started, log, Heartbeat{job::JobId{1}}, finished(1, exited(1), 3), TreeState{}}));
  seeds.add("log", 2, frames({welcome, started, Log{job::JobId{1}, std::string(1200, 'x')}}));
  seeds.add("two", 3,
            frames({welcome, finished(2, ended(job::OutcomeKind::cancelled)), started, finished(1, exited(0)),
                    TreeState{{}, false}, TreeState{}}));
  seeds.add("build", 4,
            frames({welcome, Started{job::JobId{1}, job::Phase::build}, log, started, finished(1, exited(0), 3)}));
  seeds.add("state", 5,
            frames({welcome, TreeReady{exited(0), {}}, started, finished(1, exited(0)), TreeState{{"a/b"}, true}}));
  seeds.add("remark", 2, frames({welcome, Remark{"is here"}, started, Remark{"begins"}, finished(1, exited(0))}));
  seeds.add("early", 2, frames({welcome, finished(1, exited(0))}));
  seeds.add("twice", 0, frames({welcome, welcome}));
}

/// The first byte: how long the pieces are.
void write_wire(const fs::path& root) {
  const Seeds seeds{root, "wire"};
  seeds.add("coordinator", 7,
            frames({hello(), TreeBegin{}, TreeRemove{"r"}, TreeFile{"a"}, TreeData{"x"}, TreeDirectory{"d"}, TreeEnd{},
                    run(1), Cancel{job::JobId{1}}, Shutdown{}}));
  seeds.add("agent", 3,
            frames({Welcome{}, TreeReady{}, Started{job::JobId{1}}, Log{job::JobId{1}, "x"}, finished(1, exited(0)),
                    TreeState{{"a"}, true}, Heartbeat{job::JobId{1}}, Remark{"is here"}}));
  std::string relay;
  for (const RelayMessage& message :
       std::vector<RelayMessage>{RelayHello{}, ChannelData{}, ChannelReplay{}, ChannelClose{}, RelayReady{},
                                 ChannelOpened{}, ChannelCredit{}, ChannelClosed{}}) {
    encode(message, relay);
  }
  seeds.add("relay", 2, relay);
  seeds.add("broken", 0, std::string("\2\0\0\0\x12xx", 7));
  seeds.add("long", 0, "\xff\xff\xff\xff\1");
}

}  // namespace
}  // namespace nmz::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds DIRECTORY\n";
    return 2;
  }
  const std::filesystem::path root{argv[1]};  // NOLINT(cppcoreguidelines-pro-bounds-pointer-arithmetic)
  nmz::fuzz::write_agent(root);
  nmz::fuzz::write_coordinator(root);
  nmz::fuzz::write_wire(root);
}
