// What options say about pods: node selectors, tolerations, mounts, a template.
#include "pod_options.hpp"

#include <string>

#include <gmock/gmock.h>

#include "mount_option.hpp"
#include "support/temp_directory.hpp"

namespace nmz::cluster {
namespace {

using testing::HasSubstr;

std::string fault(const Options& options) {
  orchestrator::KubernetesOptions target;
  const auto applied = apply_pod_options(options, target);
  return applied ? "" : applied.error().message;
}

TEST(PodOptionsTest, Tolerations) {
  const auto parsed = [](const std::string& text) {
    const auto found = parse_toleration(text);
    if (!found) return found.error().message;
    return found->key + "|" + (found->any_value ? "any" : found->value) + "|" + found->effect;
  };
  EXPECT_EQ(parsed("dedicated=ci:NoSchedule"), "dedicated|ci|NoSchedule");
  EXPECT_EQ(parsed("dedicated:NoExecute"), "dedicated|any|NoExecute");
  EXPECT_EQ(parsed("a.org/x"), "a.org/x|any|");
  EXPECT_EQ(parsed("a="), "a||");
  EXPECT_THAT(parsed("a:Never"), HasSubstr("--toleration 'a:Never': the effect is NoSchedule"));
  EXPECT_THAT(parsed("=b"), HasSubstr("KEY[=VALUE][:EFFECT]"));
}

TEST(PodOptionsTest, Mounts) {
  using Kind = kubernetes::Mount::Kind;
  const auto mount = [](const std::string& text) { return pod_mount(*parse_mount(text)); };
  EXPECT_EQ(mount("type=bind,source=/a,target=/b,readonly")->kind, Kind::node);
  EXPECT_TRUE(mount("type=bind,source=/a,target=/b,readonly")->read_only);
  EXPECT_EQ(mount("source=claim,target=/b")->kind, Kind::claim);
  EXPECT_EQ(mount("type=volume,target=/b")->kind, Kind::empty);
  EXPECT_EQ(mount("type=tmpfs,target=/b,tmpfs-size=4k")->size, 4096);
  for (const char* text : {"type=bind,source=/a,target=/b,bind-propagation=rslave", "target=/b,volume-driver=x",
                           "target=/b,volume-nocopy", "type=tmpfs,target=/b,tmpfs-mode=1770"}) {
    ASSERT_FALSE(mount(text)) << text;
    EXPECT_THAT(mount(text).error().message, HasSubstr("has no meaning on Kubernetes"));
  }
}

TEST(PodOptionsTest, WhatIsWrongIsOneLine) {
  Options options;
  options.node_selector = {"ssd"};
  EXPECT_EQ(fault(options), "--node-selector 'ssd': it is KEY=VALUE (for example disktype=ssd)");
  options.node_selector = {"disk=ssd", "empty="};
  options.pod_template = "/no/such/file";
  EXPECT_EQ(fault(options), "--pod-template: cannot read '/no/such/file'");
  const support::TempDirectory place;
  options.pod_template = (place.path() / "pod.yaml").string();
  support::write_file(options.pod_template, "sepc: {}\n");
  EXPECT_THAT(fault(options), HasSubstr("there is no spec in it"));
  support::write_file(options.pod_template, "spec: {}\n");
  EXPECT_EQ(fault(options), "");
}

}  // namespace
}  // namespace nmz::cluster
