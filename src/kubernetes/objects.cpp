#include "objects.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "nmz/http/base64.hpp"

#include "pod_objects.hpp"

namespace nmz::kubernetes {
namespace json = boost::json;
namespace {

// Kubernetes 1.x from which a field does what it says without being asked for (its "beta, on by default").
constexpr unsigned minor_of_failure_policy = 26;
constexpr unsigned minor_of_limit_per_index = 29;

/// A slot is given another pod so many times: its pods end when their stream does, whatever the reason.
constexpr int most_pods_a_slot = 100;
/// An ended Job stays so long for whoever wants to look at it. What it is for is a program that was killed.
constexpr int seconds_after_end = 300;

constexpr const char* index_key = "batch.kubernetes.io/job-completion-index";

/// One slot that cannot start does not fail the others, and a pod that a node gave up is not held against it.
void add_failure_rules(const JobSpec& spec, json::object& job) {
  if (spec.server.is_at_least(minor_of_limit_per_index)) {
    job["backoffLimitPerIndex"] = most_pods_a_slot;
    job["podReplacementPolicy"] = "Failed";  // never two pods of a slot
  } else {
    job["backoffLimit"] = most_pods_a_slot * static_cast<std::int64_t>(spec.pods);
  }
  if (spec.server.is_at_least(minor_of_failure_policy)) {
    const json::object disrupted{{"type", "DisruptionTarget"}, {"status", "True"}};
    job["podFailurePolicy"] = json::object{
        {"rules", json::array{json::object{{"action", "Ignore"}, {"onPodConditions", json::array{disrupted}}}}}};
  }
}

json::object metadata(const std::string& name, const Labels& labels, const Labels& annotations = {}) {
  json::object result{{"name", name}, {"labels", to_json(labels)}};
  if (!annotations.empty()) result["annotations"] = to_json(annotations);
  return result;
}

/// The condition of that type that is true, or null.
const Json& condition(const Json& told, std::string_view type, std::string_view status) {
  static const Json nothing;
  for (const Json& one : array_at(told, {"status", "conditions"})) {
    if (text_at(one, {"type"}) == type && text_at(one, {"status"}) == status) return one;
  }
  return nothing;
}

std::string joined(const std::string& reason, const std::string& message) {
  return reason.empty() || message.empty() ? reason + message : reason + ": " + message;
}

std::string words_of_end(const Json& terminated) {
  const std::string reason = text_at(terminated, {"reason"});
  const std::int64_t status = number_at(terminated, {"exitCode"});
  // These two only say whether the status is 0.
  std::string words = reason == "Error" || reason == "Completed" ? "" : reason;
  if (words.empty()) words = fmt::format("exit status {}", status);
  return joined(words, text_at(terminated, {"message"}));
}

}  // namespace

Json job_manifest(const JobSpec& spec) {
  json::object job{{"completions", spec.pods},
                   {"parallelism", spec.pods},
                   {"ttlSecondsAfterFinished", seconds_after_end},
                   {"template", pod_template_of(spec)}};
  if (spec.server.is_at_least(minor_of_indexed_jobs)) job["completionMode"] = "Indexed";
  add_failure_rules(spec, job);
  Labels of_job = spec.labels;
  Labels notes = spec.annotations;
  if (!spec.queue.empty()) {
    of_job["kueue.x-k8s.io/queue-name"] = spec.queue;
    notes["kueue.x-k8s.io/job-min-parallelism"] = "1";  // fewer workers than asked for are fine
  }
  return json::object{{"apiVersion", "batch/v1"},
                      {"kind", "Job"},
                      {"metadata", metadata(spec.name, of_job, notes)},
                      {"spec", std::move(job)}};
}

Json config_map_manifest(const ConfigMapSpec& spec) {
  json::object about = metadata(spec.name, spec.labels);
  about["ownerReferences"] = json::array{
      json::object{{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"name", spec.job.name}, {"uid", spec.job.uid}}};
  return json::object{{"apiVersion", "v1"},
                      {"kind", "ConfigMap"},
                      {"metadata", std::move(about)},
                      {"immutable", true},
                      {"binaryData", json::object{{spec.key, http::to_base64(spec.content)}}}};
}

Json access_review(const Right& right, const std::string& name_space) {
  const std::size_t slash = right.resource.find('/');
  json::object asked{{"namespace", name_space},
                     {"verb", right.verb},
                     {"group", right.group},
                     {"resource", right.resource.substr(0, slash)}};
  if (slash != std::string::npos) asked["subresource"] = right.resource.substr(slash + 1);
  return json::object{{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SelfSubjectAccessReview"},
                      {"spec", json::object{{"resourceAttributes", std::move(asked)}}}};
}

Json rules_review(const std::string& name_space) {
  return json::object{{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SelfSubjectRulesReview"},
                      {"spec", json::object{{"namespace", name_space}}}};
}

std::vector<Rule> rules_of(const Json& told) {
  const auto words = [](const Json& rule, std::string_view field) {
    std::vector<std::string> all;
    for (const Json& word : array_at(rule, {field})) all.push_back(text_at(word, {}));
    return all;
  };
  std::vector<Rule> rules;
  for (const Json& one : array_at(told, {"status", "resourceRules"})) {
    Rule rule;
    rule.verbs = words(one, "verbs");
    rule.groups = words(one, "apiGroups");
    rule.resources = words(one, "resources");
    rule.of_names = !array_at(one, {"resourceNames"}).empty();
    rules.push_back(std::move(rule));
  }
  return rules;
}

Object object_of(const Json& told) {
  Object object;
  object.name = text_at(told, {"metadata", "name"});
  object.uid = text_at(told, {"metadata", "uid"});
  object.labels = labels_at(told, {"metadata", "labels"});
  object.annotations = labels_at(told, {"metadata", "annotations"});
  object.deleting = !text_at(told, {"metadata", "deletionTimestamp"}).empty();
  return object;
}

Job job_of(const Json& told) {
  Job job;
  job.object = object_of(told);
  job.suspended = flag_at(told, {"spec", "suspend"});
  const Json& failed = condition(told, "Failed", "True");
  job.failed = !failed.is_null();
  job.why = joined(text_at(failed, {"reason"}), text_at(failed, {"message"}));
  return job;
}

Pod pod_of(const Json& told) {
  Pod pod;
  pod.object = object_of(told);
  pod.phase = text_at(told, {"status", "phase"});
  pod.node = text_at(told, {"spec", "nodeName"});
  for (const Labels* where : {&pod.object.annotations, &pod.object.labels}) {
    const auto index = where->find(index_key);
    if (index == where->end()) continue;
    std::uint32_t number = 0;
    const std::string& digits = index->second;
    const auto [stop, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (code != std::errc{} || stop != digits.data() + digits.size()) continue;
    pod.index = number;
    break;
  }
  pod.unscheduled = text_at(condition(told, "PodScheduled", "False"), {"message"});
  for (const Json& status : array_at(told, {"status", "containerStatuses"})) {
    if (text_at(status, {"name"}) != container_name) continue;
    pod.running = at(status, {"state", "running"}).is_object();
    pod.waiting = text_at(status, {"state", "waiting", "reason"});
    pod.waiting_message = text_at(status, {"state", "waiting", "message"});
    if (at(status, {"state", "terminated"}).is_object()) pod.ended = words_of_end(at(status, {"state", "terminated"}));
  }
  // What the node or the scheduler did to it tells more than how its program ended then.
  const std::string done = joined(text_at(told, {"status", "reason"}), text_at(told, {"status", "message"}));
  if (!done.empty()) pod.ended = done;
  return pod;
}

}  // namespace nmz::kubernetes
