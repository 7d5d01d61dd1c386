// The headers of an attached stream, with every split of the input in two.
#include <string>

#include <gmock/gmock.h>

#include "attached.hpp"

namespace nmz::docker {
namespace {

using From = Attached::Output::From;

std::string frame(char type, const std::string& payload) {
  std::string header{type, '\0', '\0', '\0'};
  for (const unsigned shift : {24U, 16U, 8U, 0U}) header += static_cast<char>(payload.size() >> shift & 0xffU);
  return header + payload;
}

struct Outputs {
  std::string out;
  std::string err;
};

void feed(Demultiplexer& demultiplexer, const std::string& bytes, Outputs& outputs) {
  for (std::size_t position = 0;;) {
    const auto piece = demultiplexer.next(bytes, position);
    ASSERT_TRUE(piece);
    if (piece->size == 0) return;
    (piece->from == From::out ? outputs.out : outputs.err) += bytes.substr(piece->begin, piece->size);
  }
}

TEST(DemultiplexerTest, EverySplitGivesTheSame) {
  const std::string large(300, 'x');
  const std::string bytes =
      frame(1, "one") + frame(2, "error") + frame(1, "") + frame(1, large) + frame(2, std::string("\0\1\2", 3));
  for (std::size_t split = 0; split <= bytes.size(); ++split) {
    Demultiplexer demultiplexer;
    Outputs outputs;
    feed(demultiplexer, bytes.substr(0, split), outputs);
    feed(demultiplexer, bytes.substr(split), outputs);
    ASSERT_EQ(outputs.out, "one" + large) << "split at " << split;
    ASSERT_EQ(outputs.err, std::string("error\0\1\2", 8)) << "split at " << split;
  }
}

TEST(DemultiplexerTest, RefusesWhatIsNoSuchStream) {
  for (const std::string& bytes : {std::string{"HTTP/1.1"}, frame(3, "x"), std::string("\1\0\1\0\0\0\0\1x", 9)}) {
    Demultiplexer demultiplexer;
    std::size_t position = 0;
    EXPECT_FALSE(demultiplexer.next(bytes, position));
  }
}

}  // namespace
}  // namespace nmz::docker
