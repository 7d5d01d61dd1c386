#include "queue.hpp"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::hook {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

Entry entry(const std::string& ref, const std::string& from, const std::string& to) {
  Entry result;
  result.event = "post-receive";
  result.ref = ref;
  result.from = from;
  result.to = to;
  return result;
}

class QueueTest : public testing::Test {
 protected:
  [[nodiscard]] Queue open() const {
    Places places;
    places.git_dir = directory.path();
    return Queue::open(places).value();
  }
  support::TempDirectory directory{"queue"};
};

TEST_F(QueueTest, AnEntryIsReadAsItWasWritten) {
  Entry one = entry("refs/heads/a b", "", "2");
  one.begun = 2;
  EXPECT_EQ(entry_of(text_of(one)), one);
  for (const char* broken : {"", "a\nb\n", "a\nr\nf\nt\nx\n", "a\nr\nf\nt\n1", "a\n\nf\nt\n1\n", "a\nr\nf\n\n1\n"}) {
    EXPECT_FALSE(entry_of(broken)) << broken;
  }
}

TEST_F(QueueTest, EachRefHasAFileOfItsOwn) {
  EXPECT_EQ(file_name("refs/heads/a-b.c_d"), "refs%2fheads%2fa-b.c_d");
  EXPECT_NE(file_name("a/b"), file_name("a%2fb"));
  EXPECT_LT(file_name("refs/heads/" + std::string(300, 'a') + "1").size(), 255U);
  EXPECT_NE(file_name("refs/heads/" + std::string(300, 'a') + "1"), file_name("refs/heads/" + std::string(300, 'a')));
}

TEST_F(QueueTest, TheNewestTakesThePlaceAndKeepsWhatWasThereBefore) {
  Queue queue = open();
  ASSERT_TRUE(queue.put(entry("a", "1", "2")));
  ASSERT_TRUE(queue.put(entry("a", "2", "3")));
  EXPECT_THAT(queue.waiting(), ElementsAre(entry("a", "1", "3")));
  queue.forget("a");
  EXPECT_THAT(queue.waiting(), IsEmpty());
}

TEST_F(QueueTest, ThereIsOneRunner) {
  Queue one = open();
  Queue other = open();
  ASSERT_TRUE(one.put(entry("a", "1", "2")));
  EXPECT_TRUE(one.begin());
  EXPECT_FALSE(other.begin());
  ASSERT_TRUE(one.next());
  EXPECT_THAT(open().waiting(), testing::SizeIs(1)) << "it is answered when that is said";
  one.done(entry("a", "1", "2"), true);
  EXPECT_FALSE(one.next());
  EXPECT_TRUE(other.begin()) << "who has nothing to do is no runner";
}

TEST_F(QueueTest, WhatComesMeanwhileStays) {
  Queue queue = open();
  ASSERT_TRUE(queue.put(entry("a", "1", "2")));
  ASSERT_TRUE(queue.begin());
  const Entry taken = queue.next().value();
  EXPECT_EQ(taken.begun, 1);
  ASSERT_TRUE(queue.put(entry("a", "2", "3")));
  queue.done(taken, false);
  EXPECT_THAT(queue.waiting(), ElementsAre(entry("a", "1", "3")));
  const Entry again = queue.next().value();
  ASSERT_TRUE(queue.put(entry("a", "3", "4")));
  queue.done(again, true);
  EXPECT_THAT(queue.waiting(), ElementsAre(entry("a", "3", "4"))) << "3 is good";
}

TEST_F(QueueTest, WhatWasBegunIsCounted) {
  ASSERT_TRUE(open().put(entry("a", "1", "2")));
  for (int times = 1; times <= 3; ++times) {
    Queue killed = open();
    ASSERT_TRUE(killed.begin());
    EXPECT_EQ(killed.next().value().begun, times);
  }
}

TEST_F(QueueTest, WhatIsNoEntryIsLeftAlone) {
  Queue queue = open();
  fs::create_directories(directory.path() / "nmz/queue/directory");
  ASSERT_TRUE(queue.begin());
  EXPECT_FALSE(queue.next());
}

}  // namespace
}  // namespace nmz::hook
