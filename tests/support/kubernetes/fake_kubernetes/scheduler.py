"""Gives pods their node, or says why it cannot, as the default scheduler does."""

from . import recorder
from .kubelet import set_condition
from .resources import NODES, PODS

_UNITS = {
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}


def quantity(text):
    """A Kubernetes quantity ("500m", "1Gi") as a number."""
    text = str(text)
    for unit in sorted(_UNITS, key=len, reverse=True):
        if text.endswith(unit):
            return float(text[: -len(unit)]) * _UNITS[unit]
    return float(text)


def requests(pod):
    """{resource: amount} that the pod's containers ask for together."""
    total = {}
    for container in pod["spec"]["containers"]:
        for name, amount in ((container.get("resources") or {}).get("requests") or {}).items():
            total[name] = total.get(name, 0) + quantity(amount)
    return total


def _over(pod):
    return pod["status"].get("phase") in ("Succeeded", "Failed")


class Scheduler:
    """Binds pods to nodes."""

    def __init__(self, cluster):
        self.cluster = cluster
        self._next = 0
        self.refusals = []

    def run(self):
        """Looks at every pod that has no node."""
        for pod in self.cluster.store.list(PODS):
            if not pod["spec"].get("nodeName") and not pod["metadata"].get("deletionTimestamp") and not _over(pod):
                self._place(pod)

    def _place(self, pod):
        nodes = self.cluster.store.list(NODES)
        refusal = next((words for matches, words in self.refusals if matches(pod)), None)
        reasons = {}
        fitting = []
        for node in nodes:
            why = refusal or self._why_not(pod, node)
            if why:
                reasons[why] = reasons.get(why, 0) + 1
            else:
                fitting.append(node)
        if not fitting:
            told = ", ".join(f"{count} {why}" for why, count in sorted(reasons.items()))
            message = f"0/{len(nodes)} nodes are available: {told}." if nodes else "no nodes available to schedule pods"
            if self.cluster.features.minor >= 24 and nodes:
                message += f" preemption: 0/{len(nodes)} nodes are available: {len(nodes)} Preemption is not helpful for scheduling."
            self._refuse(pod, message)
            return
        node = fitting[self._next % len(fitting)]["metadata"]["name"]
        self._next += 1

        def bind(new):
            new["spec"]["nodeName"] = node
            set_condition(new, "PodScheduled", "True")

        metadata = pod["metadata"]
        self.cluster.store.modify(PODS, metadata["namespace"], metadata["name"], bind)
        said = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
        recorder.record(self.cluster.store, "Pod", pod, "Normal", "Scheduled", said, "default-scheduler")

    def _refuse(self, pod, message):
        for condition in pod["status"].get("conditions") or []:
            if condition["type"] == "PodScheduled" and condition.get("message") == message:
                return
        metadata = pod["metadata"]

        def change(new):
            set_condition(new, "PodScheduled", "False", "Unschedulable", message)

        self.cluster.store.modify(PODS, metadata["namespace"], metadata["name"], change)
        recorder.record(self.cluster.store, "Pod", pod, "Warning", "FailedScheduling", message, "default-scheduler")

    def _why_not(self, pod, node):
        """What is against this node in the scheduler's words, or None."""
        if any(one["type"] == "Ready" and one["status"] != "True" for one in node["status"]["conditions"]):
            return "node(s) had untolerated taint {node.kubernetes.io/unreachable: }"
        if node["spec"].get("unschedulable"):
            return "node(s) were unschedulable"
        labels = node["metadata"].get("labels") or {}
        if any(labels.get(key) != value for key, value in (pod["spec"].get("nodeSelector") or {}).items()):
            return "node(s) didn't match Pod's node affinity/selector"
        name = node["metadata"]["name"]
        there = [one for one in self.cluster.store.list(PODS) if one["spec"].get("nodeName") == name and not _over(one)]
        allocatable = node["status"]["allocatable"]
        if len(there) >= int(allocatable["pods"]):
            return "Too many pods"
        for resource, amount in requests(pod).items():
            used = sum(requests(one).get(resource, 0) for one in there)
            if used + amount > quantity(allocatable.get(resource, 0)):
                return f"Insufficient {resource}"
        return None
