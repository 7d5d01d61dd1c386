// --mount in every form that docker takes.
#include "mount_option.hpp"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/command_line/quantities.hpp"

namespace nmz::cluster {
namespace {

docker::Mount parsed(const std::string& text) {
  const auto mount = parse_mount(text);
  EXPECT_TRUE(mount) << text << ": " << mount.error().message;
  return mount.value_or(docker::Mount{});
}

TEST(MountOptionTest, TakesTheNamesThatDockerKnows) {
  for (const char* text : {"type=bind,source=/a,target=/b,readonly", "type=bind,src=/a,dst=/b,ro=true",
                           "TYPE=bind,Source=/a,destination=/b,ro=1,consistency=cached",
                           "type=bind,\"source=/a\",target=/b,readonly=TRUE"}) {
    const docker::Mount mount = parsed(text);
    EXPECT_EQ(mount.type, "bind") << text;
    EXPECT_EQ(mount.source, "/a") << text;
    EXPECT_EQ(mount.target, "/b") << text;
    EXPECT_TRUE(mount.read_only) << text;
  }
  EXPECT_FALSE(parsed("type=bind,source=/a,target=/b,readonly=false").read_only);
  EXPECT_EQ(parsed("target=/b").type, "volume");
}

TEST(MountOptionTest, AFieldInQuotesMayHoldAnything) {
  EXPECT_EQ(parsed(R"(type=bind,"source=/a,b",target=/b)").source, "/a,b");
  EXPECT_EQ(parsed(R"(type=bind,"source=/a""b",target=/b)").source, "/a\"b");
}

TEST(MountOptionTest, OptionsOfEachType) {
  const docker::Mount bind = parsed("type=bind,source=/a,target=/b,bind-propagation=rslave,bind-nonrecursive");
  EXPECT_EQ(bind.propagation, "rslave");
  EXPECT_TRUE(bind.non_recursive);
  const docker::Mount volume = parsed(
      "source=v,target=/b,volume-nocopy,volume-driver=local,volume-opt=type=nfs,volume-opt=o=addr=1,volume-label=x=y");
  EXPECT_TRUE(volume.no_copy);
  EXPECT_EQ(volume.driver, "local");
  EXPECT_THAT(volume.driver_options, testing::ElementsAre(std::pair("o", "addr=1"), std::pair("type", "nfs")));
  EXPECT_THAT(volume.volume_labels, testing::ElementsAre(std::pair("x", "y")));
  const docker::Mount tmpfs = parsed("type=tmpfs,target=/b,tmpfs-size=64mb,tmpfs-mode=1770");
  EXPECT_EQ(tmpfs.size, 64 << 20);
  EXPECT_EQ(tmpfs.mode, 01770U);
}

TEST(MountOptionTest, ARelativeSourceIsOneFromHere) {
  EXPECT_EQ(parsed("type=bind,source=./data,target=/b").source, (std::filesystem::current_path() / "data").string());
  EXPECT_EQ(parsed("type=bind,source=../x,target=/b").source,
            (std::filesystem::current_path().parent_path() / "x").string());
}

TEST(MountOptionTest, OnlyTheDirectoryOfTheAgentIsTaken) {
  EXPECT_EQ(parsed("type=bind,source=/a,target=/nmz-data").target, "/nmz-data");
  EXPECT_EQ(parsed("type=bind,source=/a,target=/data/nmz").target, "/data/nmz");
}

TEST(MountOptionTest, WhatIsWrongIsSaidInOneLine) {
  struct Case {
    const char* text;
    const char* says;
  };
  for (const Case& one : {Case{"type=bind,target=/x", "the source has to be an absolute path"},
                          Case{"type=bind,source=data,target=/x", "the source has to be an absolute path"},
                          Case{"type=npipe,target=/x", "bind, volume or tmpfs"},
                          Case{"type=bind,source=/a,target=b", "the target has to be"},
                          Case{"type=bind,source=/a,target=/b,ro=maybe", "'maybe' is neither true nor false"},
                          Case{"type=bind,\"source=/a,target=/b", "a quote is not closed"},
                          Case{"type=tmpfs,target=/b,tmpfs-size=lots", "needs a size"},
                          Case{"type=tmpfs,target=/b,tmpfs-mode=9", "no mode"},
                          Case{"type=bind,source=/a,target=/b,tmpfs-size=1m", "is for the type tmpfs"},
                          Case{"target=/b,bind-propagation=shared", "is for the type bind"},
                          Case{"type=bind,source=/a,target=/b,volume-nocopy", "is for the type volume"},
                          Case{"type=bind,source=/a,target=/nmz", "is in that directory"},
                          Case{"type=bind,source=/a,target=//nmz/agent/", "is in that directory"},
                          Case{"type=tmpfs,target=/tmp/../nmz/./tree", "is in that directory"},
                          Case{"target=/b,color=red", "unknown field 'color'"}}) {
    const auto mount = parse_mount(one.text);
    ASSERT_FALSE(mount) << one.text;
    EXPECT_THAT(mount.error().message, testing::HasSubstr(one.says));
    EXPECT_EQ(mount.error().message.find('\n'), std::string::npos);
  }
}

TEST(MemorySizeTest, EveryFormThatDockerTakes) {
  struct Case {
    const char* text;
    std::int64_t bytes;
  };
  constexpr std::int64_t kibi = 1024;
  for (const Case& one : {Case{"4194304", 4194304}, Case{"512m", 512 * kibi * kibi}, Case{"64mb", 64 * kibi * kibi},
                          Case{"64MiB", 64 * kibi * kibi}, Case{"1T", kibi * kibi * kibi * kibi}, Case{"1 GB", 1 << 30},
                          Case{"1.5g", 3 << 29}, Case{"8kb", 8 * kibi}, Case{"32b", 32}, Case{"32B", 32}}) {
    const auto bytes = command_line::parse_memory("--memory", one.text);
    ASSERT_TRUE(bytes) << one.text;
    EXPECT_EQ(*bytes, one.bytes) << one.text;
  }
  for (const char* text : {"", "m", "-1m", "0", "1x", "1mm", "1 m b", "m1", "1e3", "nan", "inf", "99999999P", "1  m"}) {
    EXPECT_FALSE(command_line::parse_memory("--memory", text)) << text;
  }
}

}  // namespace
}  // namespace nmz::cluster
