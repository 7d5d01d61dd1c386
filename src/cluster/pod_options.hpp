// What options say about pods, in the words of the Kubernetes API. Pure, but for reading the template's file.
#pragma once

#include <string>
#include <vector>

#include "nmz/cluster/options.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/kubernetes.hpp"

namespace nmz::cluster {

/// KEY=VALUE. Errors (misconfigured): one line.
[[nodiscard]] Result<kubernetes::Labels> parse_node_selector(const std::vector<std::string>& pairs);
/// KEY[=VALUE][:EFFECT], as kubectl's taint takes it.
[[nodiscard]] Result<kubernetes::Toleration> parse_toleration(const std::string& text);
/// type=bind is a path of the node, type=volume a PersistentVolumeClaim (without a source a directory of the pod's
/// own), type=tmpfs a directory in memory. Errors (misconfigured): what is asked for has no meaning there.
[[nodiscard]] Result<kubernetes::Mount> pod_mount(const docker::Mount& mount);

/// Everything that `options` says about pods, into `target`.
[[nodiscard]] Result<void> apply_pod_options(const Options& options, orchestrator::KubernetesOptions& target);

}  // namespace nmz::cluster
