// What is created by which version of the server, what is read of pods and Jobs, and the rights.
#include "objects.hpp"

#include <string>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "nmz/kubernetes/rights.hpp"

namespace nmz::kubernetes {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

Json json(const std::string& text) { return *parse_json(text); }

JobSpec spec(unsigned minor) {
  JobSpec job;
  job.name = "n";
  job.image = "i";
  job.pods = 3;
  job.command = {"/nmz/bin/agent"};
  job.config_map = "n";
  job.programs = "/nmz/bin";
  job.scratch = "/nmz";
  job.server.major = 1;
  job.server.minor = minor;
  return job;
}

std::string manifest(const JobSpec& job) { return boost::json::serialize(job_manifest(job)); }

/// An old server drops what it does not know without a word.
TEST(JobManifestTest, FieldsAreThoseOfTheServersVersion) {
  EXPECT_THAT(manifest(spec(35)),
              AllOf(HasSubstr(R"("completionMode":"Indexed")"), HasSubstr(R"("backoffLimitPerIndex":100)"),
                    HasSubstr(R"("podReplacementPolicy":"Failed")"), HasSubstr("DisruptionTarget"),
                    Not(HasSubstr(R"("backoffLimit":)"))));
  EXPECT_THAT(manifest(spec(27)), AllOf(HasSubstr(R"("backoffLimit":300)"), HasSubstr("DisruptionTarget"),
                                        Not(HasSubstr("PerIndex")), Not(HasSubstr("podReplacementPolicy"))));
  EXPECT_THAT(manifest(spec(24)), AllOf(HasSubstr(R"("backoffLimit":300)"), HasSubstr(R"("completionMode":"Indexed")"),
                                        Not(HasSubstr("podFailurePolicy"))));
  EXPECT_THAT(manifest(spec(23)), AllOf(HasSubstr(R"("completions":3,"parallelism":3)"), Not(HasSubstr("Indexed"))));
}

/// The first version that has it, and the one before.
TEST(JobManifestTest, EachFieldFromItsVersionOn) {
  const std::pair<unsigned, const char*> fields[]{{24, R"("completionMode":"Indexed")"},
                                                  {26, R"("podFailurePolicy":)"},
                                                  {29, R"("backoffLimitPerIndex":)"},
                                                  {29, R"("podReplacementPolicy":)"}};
  for (const auto& [minor, field] : fields) {
    EXPECT_THAT(manifest(spec(minor)), HasSubstr(field)) << minor;
    EXPECT_THAT(manifest(spec(minor - 1)), Not(HasSubstr(field))) << minor - 1;
  }
}

TEST(JobManifestTest, APodGetsNoTokenAndTheAgentIsExecutableForAnybody) {
  const Json job = job_manifest(spec(35));
  const Json& pod = at(job, {"spec", "template", "spec"});
  EXPECT_TRUE(at(pod, {"automountServiceAccountToken"}).is_bool());
  EXPECT_FALSE(flag_at(pod, {"automountServiceAccountToken"}));
  EXPECT_EQ(text_at(pod, {"restartPolicy"}), "Never");
  EXPECT_EQ(number_at(array_at(pod, {"volumes"})[1], {"configMap", "defaultMode"}), 0555);
  const Json& container = array_at(pod, {"containers"})[0];
  EXPECT_TRUE(flag_at(container, {"stdin"}));
  EXPECT_TRUE(flag_at(container, {"stdinOnce"}));
  EXPECT_TRUE(at(container, {"resources"}).is_null());
}

TEST(JobManifestTest, LimitsAreRequestsAndAQueueIsOfTheJobAlone) {
  JobSpec job = spec(35);
  job.nano_cpus = 1'500'000'001;
  job.memory = 1 << 20;
  job.queue = "q";
  job.secrets = {"s"};
  const Json made = job_manifest(job);
  const Json& container = array_at(made, {"spec", "template", "spec", "containers"})[0];
  EXPECT_EQ(text_at(container, {"resources", "requests", "cpu"}), "1501m");
  EXPECT_EQ(text_at(container, {"resources", "limits", "memory"}), "1048576");
  EXPECT_EQ(text_at(made, {"metadata", "labels", "kueue.x-k8s.io/queue-name"}), "q");
  EXPECT_EQ(labels_at(made, {"spec", "template", "metadata", "labels"}).count("kueue.x-k8s.io/queue-name"), 0U);
  EXPECT_THAT(manifest(job), HasSubstr(R"("mountPath":"/run/secrets/s")"));
}

TEST(JobManifestTest, WhatIsSaidOfPods) {
  JobSpec job = spec(35);
  job.node_selector = {{"disk", "ssd"}};
  job.tolerations.resize(2);
  job.tolerations[0].key = "a";
  job.tolerations[1].key = "b";
  job.tolerations[1].value = "c";
  job.tolerations[1].any_value = false;
  job.tolerations[1].effect = "NoSchedule";
  job.priority_class = "high";
  job.service_account = "builder";
  job.pull_secrets = {"registry"};
  job.mounts.resize(3);
  job.mounts[0].kind = Mount::Kind::node;
  job.mounts[0].source = "/data";
  job.mounts[0].target = "/d";
  job.mounts[0].read_only = true;
  job.mounts[1].kind = Mount::Kind::claim;
  job.mounts[1].source = "claim";
  job.mounts[1].target = "/c";
  job.mounts[2].kind = Mount::Kind::memory;
  job.mounts[2].size = 4096;
  job.mounts[2].target = "/m";
  EXPECT_THAT(manifest(job),
              AllOf(HasSubstr(R"("nodeSelector":{"disk":"ssd"})"), HasSubstr(R"({"key":"a","operator":"Exists"})"),
                    HasSubstr(R"({"key":"b","operator":"Equal","value":"c","effect":"NoSchedule"})"),
                    HasSubstr(R"("priorityClassName":"high")"), HasSubstr(R"("serviceAccountName":"builder")"),
                    HasSubstr(R"("imagePullSecrets":[{"name":"registry"}])")));
  EXPECT_THAT(manifest(job),
              AllOf(HasSubstr(R"({"name":"mount-0","hostPath":{"path":"/data"}})"),
                    HasSubstr(R"({"name":"mount-0","mountPath":"/d","readOnly":true})"),
                    HasSubstr(R"({"name":"mount-1","persistentVolumeClaim":{"claimName":"claim"}})"),
                    HasSubstr(R"({"name":"mount-2","emptyDir":{"medium":"Memory","sizeLimit":"4096"}})")));
}

TEST(JobManifestTest, AnAgentOutOfAnImage) {
  JobSpec job = spec(36);
  job.agent_image = "agent:1";
  job.command = {"/nmz/bin/nmzagent"};
  job.arrival = Arrival::image_volume;
  EXPECT_THAT(manifest(job), AllOf(HasSubstr(R"({"name":"programs","image":{"reference":"agent:1"}})"),
                                   Not(HasSubstr("configMap")), Not(HasSubstr("initContainers"))));
  job.arrival = Arrival::init_container;
  EXPECT_THAT(manifest(job), AllOf(HasSubstr(R"("command":["/nmzagent","--copy-to","/nmz/bin/nmzagent"])"),
                                   HasSubstr(R"({"name":"programs","emptyDir":{}})")));
}

TEST(ConfigMapManifestTest, ItIsTheJobs) {
  ConfigMapSpec map;
  map.name = "n";
  map.key = "agent";
  map.content = std::string("\x7f\0ELF", 5);
  map.job.name = "job";
  map.job.uid = "u-1";
  EXPECT_THAT(
      boost::json::serialize(config_map_manifest(map)),
      AllOf(HasSubstr(R"("binaryData":{"agent":"fwBFTEY="})"), HasSubstr(R"("immutable":true)"),
            HasSubstr(R"("ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"job","uid":"u-1"}])")));
}

TEST(PodTest, WhyItDoesNotRun) {
  const Pod unscheduled = pod_of(json(R"({"status": {"phase": "Pending", "conditions": [
    {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]}})"));
  EXPECT_EQ(unscheduled.unscheduled, "0/3 nodes are available");
  EXPECT_EQ(unscheduled.index, -1);
  const Pod waiting = pod_of(json(R"({"metadata": {"name": "p", "uid": "u", "annotations":
    {"batch.kubernetes.io/job-completion-index": "12"}}, "status": {"phase": "Pending", "containerStatuses": [
    {"name": "before", "state": {"running": {}}},
    {"name": "worker", "state": {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}},
    {"name": "istio", "state": {"running": {}}}]}})"));
  EXPECT_EQ(waiting.index, 12);
  EXPECT_FALSE(waiting.running);
  EXPECT_EQ(waiting.waiting, "ErrImagePull");
  EXPECT_EQ(waiting.waiting_message, "no such host");
}

TEST(PodTest, AnIndexThatIsNoneIsNone) {
  for (const char* const index : {"", "-1", "1x", "x", "99999999999999999999", "1.5"}) {
    const Pod pod = pod_of(json(fmt::format(
        R"({{"metadata": {{"annotations": {{"batch.kubernetes.io/job-completion-index": "{}"}}}}}})", index)));
    EXPECT_EQ(pod.index, -1) << index;
  }
}

TEST(PodTest, WhyItHasEnded) {
  const auto ended = [](const std::string& status) { return pod_of(json(R"({"status": {)" + status + "}}")).ended; };
  const auto state = [](const std::string& terminated) {
    return R"("containerStatuses": [{"name": "worker", "state": {"terminated": {)" + terminated + "}}}]";
  };
  EXPECT_EQ(ended(state(R"("exitCode": 6, "reason": "Error")")), "exit status 6");
  EXPECT_EQ(ended(state(R"("exitCode": 137, "reason": "OOMKilled")")), "OOMKilled");
  EXPECT_EQ(ended(state(R"("exitCode": 128, "reason": "StartError", "message": "exec format error")")),
            "StartError: exec format error");
  EXPECT_EQ(ended(R"("reason": "Evicted", "message": "low on memory", )" + state(R"("exitCode": 137)")),
            "Evicted: low on memory");
}

TEST(JobTest, HeldBackAndFailed) {
  EXPECT_TRUE(job_of(json(R"({"spec": {"suspend": true}})")).suspended);
  const Job failed = job_of(json(R"({"metadata": {"deletionTimestamp": "x"}, "status": {"conditions": [
    {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]}})"));
  EXPECT_TRUE(failed.failed);
  EXPECT_TRUE(failed.object.deleting);
  EXPECT_EQ(failed.why, "BackoffLimitExceeded: too often");
}

TEST(RightsTest, AttachNeedsCreateFrom135On) {
  const auto words = [](unsigned minor) {
    ServerVersion server;
    server.major = 1;
    server.minor = minor;
    std::vector<std::string> all;
    for (const Right& right : needed_rights(server)) all.push_back(words_of(right));
    return all;
  };
  EXPECT_THAT(words(35),
              AllOf(Contains("create pods/attach"), Contains("get pods/attach"), Contains("create jobs.batch")));
  EXPECT_THAT(words(34), Not(Contains("create pods/attach")));
  EXPECT_THAT(role_manifest("ci"),
              AllOf(HasSubstr("  namespace: ci\n"), HasSubstr("resources: [pods/attach]\n  verbs: [get, create]\n")));
}

TEST(RightsTest, WhatRulesGrant) {
  const Right attach{"", "pods/attach", "get"};
  const Right jobs{"batch", "jobs", "create"};
  const auto missing = [&](const std::string& rules) {
    std::vector<std::string> words;
    for (const Right& right :
         missing_rights(rules_of(json(R"({"status": {"resourceRules": [)" + rules + "]}}")), {attach, jobs})) {
      words.push_back(words_of(right));
    }
    return words;
  };
  using testing::ElementsAre;
  EXPECT_THAT(missing(R"({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})"), testing::IsEmpty());
  EXPECT_THAT(missing(R"({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]})"),
              ElementsAre("get pods/attach", "create jobs.batch"));
  EXPECT_THAT(missing(R"({"verbs": ["get"], "apiGroups": [""], "resources": ["*/attach"]},
                         {"verbs": ["create"], "apiGroups": ["apps"], "resources": ["jobs"]})"),
              ElementsAre("create jobs.batch"));
  EXPECT_THAT(missing(R"({"verbs": ["create", "get"], "apiGroups": ["", "batch"], "resources": ["jobs", "pods/attach"],
                          "resourceNames": ["mine"]})"),
              ElementsAre("get pods/attach", "create jobs.batch"));
}

}  // namespace
}  // namespace nmz::kubernetes
