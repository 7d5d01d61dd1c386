// What a user's pod template may say, and what becomes of it under what a run needs.
#include "nmz/kubernetes/pod_template.hpp"

#include <string>

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include "merge.hpp"
#include "pod_objects.hpp"

namespace nmz::kubernetes {
namespace {

using testing::HasSubstr;

Json json(const std::string& text) { return *parse_json(text); }

std::string read(const std::string& text) {
  const auto found = read_pod_template(text, "FILE");
  return found ? *found : found.error().message;
}

JobSpec with_template(const std::string& yaml) {
  JobSpec spec;
  spec.image = "i";
  spec.command = {"/nmz/bin/agent", "--attached"};
  spec.config_map = "n";
  spec.programs = "/nmz/bin";
  spec.scratch = "/nmz";
  spec.node_variable = "NMZ_NODE";
  spec.labels = {{"app", "ours"}};
  spec.pod_template = *read_pod_template(yaml, "FILE");
  return spec;
}

const Json& named(const Json& list, const std::string& name, const char* key = "name") {
  static const Json nothing;
  for (const Json& one : list.as_array()) {
    if (text_at(one, {key}) == name) return one;
  }
  return nothing;
}

TEST(PodTemplateTest, YamlMeansWhatItMeansToKubectl) {
  EXPECT_EQ(
      read("spec: {a: 1, b: 0555, c: 1.5, d: yes, e: 'yes', f: null, g: x, h: !!str 12, i: [0x10, -3], j: \"1\"}"),
      R"({"spec":{"a":1,"b":365,"c":1.5E0,"d":true,"e":"yes","f":null,"g":"x","h":"12","i":[16,-3],"j":"1"}})");
  EXPECT_EQ(read(R"({"spec": {"a": "1"}})"), R"({"spec":{"a":"1"}})");
}

TEST(PodTemplateTest, APodAndAPodTemplateAreTakenAsWell) {
  EXPECT_EQ(read("{kind: Pod, metadata: {name: x, labels: {a: b}}, spec: {c: 1}}"),
            R"({"metadata":{"labels":{"a":"b"}},"spec":{"c":1}})");
  EXPECT_EQ(read("{kind: PodTemplate, metadata: {name: x}, template: {spec: {c: 1}}}"), R"({"spec":{"c":1}})");
}

TEST(PodTemplateTest, WhatIsNoneIsNamed) {
  EXPECT_THAT(read("a: ["), HasSubstr("the pod template 'FILE': it is no YAML (line "));
  EXPECT_THAT(read("- a"), HasSubstr("it is no pod template"));
  EXPECT_THAT(read("kind: Deployment\nspec: {}"), HasSubstr("it is a Deployment"));
  EXPECT_THAT(read("metadata: {}"), HasSubstr("there is no spec in it"));
  EXPECT_THAT(read("spec: {}\nsepc: {}"), HasSubstr("unknown field 'sepc'"));
  EXPECT_THAT(read("spec: {containers: [{image: x}]}"), HasSubstr("an entry of spec.containers has no name"));
  EXPECT_THAT(read("spec: {volumes: {}}"), HasSubstr("spec.volumes is no list"));
  EXPECT_THAT(read("spec: {a: \"\xff\"}"), HasSubstr("it is not UTF-8"));
}

TEST(PodTemplateTest, AnAliasThatLeadsBackOrGrowsWithoutEndIsRefused) {
  EXPECT_THAT(read("spec: &a {containers: [{name: x, y: *a}]}"), HasSubstr("an alias leads back to itself"));
  std::string laughs = "spec: {a0: &a0 [1]";
  for (int i = 1; i < 10; ++i) {
    std::string list;
    for (int j = 0; j < 10; ++j) list += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    laughs += ", a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + list + "]";
  }
  EXPECT_THAT(read(laughs + "}"), HasSubstr("too large"));
  EXPECT_THAT(read("spec: {a: " + std::string(30, '[') + std::string(30, ']') + "}"), HasSubstr("too deep"));
}

TEST(MergeTest, ObjectsByFieldNamedEntriesByNameAndOtherListsJoined) {
  const Json made =
      merged(json(R"({"a": {"b": 1, "c": 2}, "containers": [{"name": "x", "env": [{"name": "E", "value": "1"}]}],
                                    "tolerations": [1], "command": ["a", "b"]})"),
             json(R"({"a": {"c": 3}, "containers": [{"name": "y"}, {"name": "x", "image": "i",
                                    "env": [{"name": "F"}, {"name": "E", "valueFrom": {}}]}],
                                    "tolerations": [2], "command": ["c"]})"));
  EXPECT_EQ(made, json(R"({"a": {"b": 1, "c": 3}, "containers": [{"name": "x",
                           "env": [{"name": "E", "valueFrom": {}}, {"name": "F"}], "image": "i"}, {"name": "y"}],
                           "tolerations": [1, 2], "command": ["c"]})"));
}

TEST(PodTemplateTest, ItIsUnderWhatARunNeeds) {
  const Json pod = pod_template_of(with_template(R"(
metadata: {labels: {app: theirs, team: t}, annotations: {note: n}}
spec:
  restartPolicy: Always
  automountServiceAccountToken: true
  runtimeClassName: gvisor
  securityContext: {runAsUser: 1000}
  containers:
  - name: worker
    image: theirs
    args: [a]
    tty: true
    stdin: false
    env: [{name: NMZ_NODE, value: mine}, {name: LANG, value: C}]
    resources: {limits: {nvidia.com/gpu: 1}}
    volumeMounts: [{name: cache, mountPath: /cache}, {name: cache, mountPath: /nmz/bin}]
  - {name: side, image: s, tty: true}
  volumes: [{name: cache, emptyDir: {}}, {name: programs, emptyDir: {}}]
)"));
  EXPECT_EQ(at(pod, {"metadata", "labels"}), json(R"({"app": "ours", "team": "t"})"));
  EXPECT_EQ(text_at(pod, {"metadata", "annotations", "note"}), "n");
  EXPECT_EQ(text_at(pod, {"spec", "restartPolicy"}), "Never");
  EXPECT_TRUE(flag_at(pod, {"spec", "automountServiceAccountToken"}));
  EXPECT_EQ(number_at(pod, {"spec", "terminationGracePeriodSeconds"}), 5);
  EXPECT_EQ(text_at(pod, {"spec", "runtimeClassName"}), "gvisor");
  const Json& worker = named(at(pod, {"spec", "containers"}), "worker");
  EXPECT_EQ(text_at(worker, {"image"}), "i");
  EXPECT_TRUE(at(worker, {"args"}).is_null());
  EXPECT_TRUE(at(worker, {"tty"}).is_null());
  EXPECT_TRUE(flag_at(worker, {"stdin"}));
  EXPECT_EQ(text_at(named(at(worker, {"env"}), "NMZ_NODE"), {"valueFrom", "fieldRef", "fieldPath"}), "spec.nodeName");
  EXPECT_EQ(text_at(named(at(worker, {"env"}), "LANG"), {"value"}), "C");
  EXPECT_EQ(number_at(worker, {"resources", "limits", "nvidia.com/gpu"}), 1);
  EXPECT_EQ(text_at(named(at(worker, {"volumeMounts"}), "/nmz/bin", "mountPath"), {"name"}), "programs");
  EXPECT_EQ(text_at(named(at(worker, {"volumeMounts"}), "/cache", "mountPath"), {"name"}), "cache");
  EXPECT_TRUE(flag_at(named(at(pod, {"spec", "containers"}), "side"), {"tty"}));
  EXPECT_TRUE(at(named(at(pod, {"spec", "volumes"}), "programs"), {"emptyDir"}).is_null());
}

}  // namespace
}  // namespace nmz::kubernetes
