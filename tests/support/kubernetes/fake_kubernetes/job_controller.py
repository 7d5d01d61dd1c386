"""Makes and counts the pods of Jobs, as kube-controller-manager's job controller does.

The pods that were counted are kept by uid for each Job (the real one uses finalizers on the pods for that), so a pod that is deleted
before it was seen to end is a failure.
"""

import copy
import random
import time

from . import errors, recorder
from .collector import age
from .kubelet import set_condition
from .resources import JOBS, PODS
from .store import now

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
INDEX = "batch.kubernetes.io/job-completion-index"


def suffix():
    """Five letters that make a generated name unique."""
    return "".join(random.choices(_LETTERS, k=5))


def intervals(indexes):
    """{0, 1, 2, 5} as "0-2,5"."""
    parts = []
    start = last = None
    for index in sorted(indexes):
        if last is not None and index == last + 1:
            last = index
            continue
        if start is not None:
            parts.append((start, last))
        start = last = index
    if start is not None:
        parts.append((start, last))
    return ",".join(str(a) if a == b else f"{a}{',' if b == a + 1 else '-'}{b}" for a, b in parts)


class _Record:
    """What the controller remembers of one Job."""

    def __init__(self):
        self.known = {}
        self.succeeded = set()
        self.failed = {}
        self.ignored = set()
        self.completed = set()
        self.failures = {}
        self.failed_indexes = set()
        self.backoff_until = {}
        self.failure = None
        self.extra = set()


def _index(pod):
    value = (pod["metadata"].get("annotations") or {}).get(INDEX)
    return None if value is None else int(value)


def _finished(job, kind=None):
    return any(
        one["status"] == "True" and one["type"] in ((kind,) if kind else ("Complete", "Failed"))
        for one in job["status"].get("conditions") or []
    )


class JobController:
    """All Jobs of the cluster."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store
        self._records = {}
        cluster.store.listen(self._note)

    def _note(self, change):
        if change.resource is not PODS:
            return
        owner = next(
            (one["uid"] for one in change.obj["metadata"].get("ownerReferences") or [] if one.get("controller")), None
        )
        if owner in self._records:
            self._records[owner].known[change.obj["metadata"]["uid"]] = change.obj

    def run(self):
        """One round over all Jobs."""
        jobs = self.store.list(JOBS)
        alive = {job["metadata"]["uid"] for job in jobs}
        for uid in set(self._records) - alive:
            del self._records[uid]
        for job in jobs:
            if job["spec"].get("managedBy", "kubernetes.io/job-controller") == "kubernetes.io/job-controller":
                self._sync(job)

    def _sync(self, job):
        record = self._records.setdefault(job["metadata"]["uid"], _Record())
        if _finished(job) or job["metadata"].get("deletionTimestamp"):
            return
        status = copy.deepcopy(job["status"])
        holder = {"status": status}
        suspended = bool(job["spec"].get("suspend"))
        pods = self._pods(job)
        if suspended:
            # Not the pods' fault: they are not counted.
            record.ignored |= set(pods) - record.succeeded - set(record.failed)
            for pod in pods.values():
                self._end(pod)
            if "startTime" in status or not any(
                one["type"] == "Suspended" and one["status"] == "True" for one in status.get("conditions") or []
            ):
                set_condition(holder, "Suspended", "True", "JobSuspended", "Job suspended")
                status.pop("startTime", None)
                self._event(job, "Normal", "Suspended", "Job suspended")
        else:
            if any(one["type"] == "Suspended" and one["status"] == "True" for one in status.get("conditions") or []):
                set_condition(holder, "Suspended", "False", "JobResumed", "Job resumed")
                self._event(job, "Normal", "Resumed", "Job resumed")
            status.setdefault("startTime", now())
        failure = self._count(job, record)
        if not suspended:
            deadline = job["spec"].get("activeDeadlineSeconds")
            if deadline is not None and age(status["startTime"]) >= deadline:
                failure = failure or ("DeadlineExceeded", "Job was active longer than specified deadline")
        failure = record.failure = record.failure or failure
        done = self._is_complete(job, record)
        if failure or done:
            for pod in self._pods(job).values():
                self._end(pod)
        elif not suspended:
            self._fill(job, record)
        self._tell(job, record, status, holder, failure, done)

    def _pods(self, job):
        """The pods of the Job that have not ended, by uid."""
        uid = job["metadata"]["uid"]
        return {
            pod["metadata"]["uid"]: pod
            for pod in self.store.list(PODS, job["metadata"]["namespace"])
            if any(
                owner.get("uid") == uid and owner.get("controller")
                for owner in pod["metadata"].get("ownerReferences") or []
            )
            and pod["status"].get("phase") not in ("Succeeded", "Failed")
        }

    def _end(self, pod):
        if not pod["metadata"].get("deletionTimestamp"):
            self.cluster.collector.delete(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"], {})

    # Counting.

    def _count(self, job, record):
        """Counts pods that ended since the last round; returns (reason, message) if the Job has failed by it."""
        present = {pod["metadata"]["uid"] for pod in self.store.list(PODS, job["metadata"]["namespace"])}
        failure = None
        for uid, pod in list(record.known.items()):
            if uid in record.succeeded or uid in record.failed or uid in record.ignored:
                continue
            phase = pod["status"].get("phase")
            if phase == "Succeeded":
                record.succeeded.add(uid)
                if _index(pod) is not None:
                    record.completed.add(_index(pod))
            elif phase == "Failed" or uid not in present:
                if (
                    uid not in present
                    and phase != "Failed"
                    and (job["spec"].get("suspend") or not pod["spec"].get("nodeName"))
                ):
                    record.ignored.add(uid)
                    continue
                failure = self._count_failure(job, record, pod) or failure
        return failure

    def _count_failure(self, job, record, pod):
        uid, index, spec = pod["metadata"]["uid"], _index(pod), job["spec"]
        action = self._policy(spec, pod)
        if action == "Ignore":
            record.ignored.add(uid)
            return None
        record.failed[uid] = time.monotonic()
        key = index if "backoffLimitPerIndex" in spec else None
        record.failures[key] = record.failures.get(key, 0) + 1
        wait = min(self.cluster.options.job_backoff * 2 ** (record.failures[key] - 1), 600)
        record.backoff_until[key] = time.monotonic() + wait
        if action == "FailJob":
            name = pod["metadata"]["name"]
            return (
                "PodFailurePolicy",
                f"Container for pod {pod['metadata']['namespace']}/{name} failed matching FailJob rule",
            )
        if "backoffLimitPerIndex" in spec:
            if action == "FailIndex" or record.failures[key] > spec["backoffLimitPerIndex"]:
                record.failed_indexes.add(index)
                if len(record.failed_indexes) > spec.get("maxFailedIndexes", spec["completions"]):
                    return (
                        "MaxFailedIndexesExceeded",
                        "Job has exceeded the specified maximal number of failed indexes",
                    )
        if len(record.failed) > spec.get("backoffLimit", 6):
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
        return None

    def _policy(self, spec, pod):
        """The action of the first rule of podFailurePolicy that matches, Count if none does."""
        statuses = [
            *(pod["status"].get("initContainerStatuses") or []),
            *(pod["status"].get("containerStatuses") or []),
        ]
        for rule in (spec.get("podFailurePolicy") or {}).get("rules") or []:
            for pattern in rule.get("onPodConditions") or []:
                for one in pod["status"].get("conditions") or []:
                    if (one["type"], one["status"]) == (pattern["type"], pattern.get("status", "True")):
                        return rule["action"]
            if codes := rule.get("onExitCodes"):
                for status in statuses:
                    code = status["state"].get("terminated", {}).get("exitCode", 0)
                    named = codes.get("containerName") in (None, status["name"])
                    if code and named and (code in codes["values"]) == (codes["operator"] == "In"):
                        return rule["action"]
        return "Count"

    def _is_complete(self, job, record):
        spec = job["spec"]
        if spec.get("completionMode") == "Indexed":
            return (
                len([i for i in record.completed | record.failed_indexes if i < spec["completions"]])
                >= spec["completions"]
            )
        if spec.get("completions") is None:
            return bool(record.succeeded) and not self._pods(job)
        return len(record.succeeded) >= spec["completions"]

    # Making pods.

    def _fill(self, job, record):
        spec = job["spec"]
        pods = {uid: pod for uid, pod in self._pods(job).items() if uid not in record.extra}
        ending = {uid for uid, pod in pods.items() if pod["metadata"].get("deletionTimestamp")}
        counted = (
            pods
            if spec.get("podReplacementPolicy") == "Failed"
            else {uid: pod for uid, pod in pods.items() if uid not in ending}
        )
        room = spec["parallelism"] - len(counted)
        if room < 0:
            surplus = sorted(
                (pod for uid, pod in counted.items() if uid not in ending), key=lambda pod: _index(pod) or 0
            )
            for pod in surplus[room:]:
                self._end(pod)
            return
        if spec.get("completionMode") == "Indexed":
            taken = {_index(pod) for pod in counted.values()}
            wanted = [
                i for i in range(spec["completions"]) if i not in taken | record.completed | record.failed_indexes
            ]
            surplus = [pod for pod in pods.values() if (_index(pod) or 0) >= spec["completions"]]
            for pod in surplus:
                self._end(pod)
            indexes = wanted[:room]
        else:
            missing = room
            if spec.get("completions") is not None:
                missing = min(room, spec["completions"] - len(record.succeeded) - len(counted))
            elif record.succeeded:
                missing = 0
            indexes = [None] * max(0, missing)
        for index in indexes:
            key = index if "backoffLimitPerIndex" in spec else None
            if record.backoff_until.get(key, 0) > time.monotonic():
                continue
            if not self.make_pod(job, index, record):
                break

    def duplicate(self, job, index):
        """A second pod of an index, which the controller then leaves alone."""
        record = self._records[job["metadata"]["uid"]]
        before = set(record.known)
        self.make_pod(job, index, record)
        record.extra |= set(record.known) - before

    def make_pod(self, job, index, record):
        """Creates one pod of the Job; False if admission refused it."""
        metadata, spec = job["metadata"], job["spec"]
        template = copy.deepcopy(spec["template"])
        pod = {"kind": "Pod", "apiVersion": "v1", "metadata": template.get("metadata") or {}, "spec": template["spec"]}
        base = metadata["name"] if index is None else f"{metadata['name']}-{index}"
        own = pod["metadata"]
        own.update(name=f"{base[:57]}-{suffix()}", generateName=f"{base}-", namespace=metadata["namespace"])
        own["ownerReferences"] = [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": metadata["name"],
                "uid": metadata["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
        if index is not None:
            self._give_index(pod, job, index, record)
        try:
            created = self.cluster.admit_and_create(PODS, pod)
        except errors.ApiError as error:
            self._event(job, "Warning", "FailedCreate", f"Error creating: {error.message}")
            return False
        self._event(job, "Normal", "SuccessfulCreate", f"Created pod: {own['name']}")
        record.known[created["metadata"]["uid"]] = created
        return True

    def _give_index(self, pod, job, index, record):
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[INDEX] = str(index)
        if "backoffLimitPerIndex" in job["spec"]:
            annotations["batch.kubernetes.io/job-index-failure-count"] = str(record.failures.get(index, 0))
        path = f"metadata.annotations['{INDEX}']"
        if self.cluster.features.index_label:
            pod["metadata"].setdefault("labels", {})[INDEX] = str(index)
            path = f"metadata.labels['{INDEX}']"
        pod["spec"]["hostname"] = f"{job['metadata']['name']}-{index}"
        for kind in ("initContainers", "containers"):
            for container in pod["spec"].get(kind) or []:
                variables = container.setdefault("env", [])
                if all(one["name"] != "JOB_COMPLETION_INDEX" for one in variables):
                    variables.append(
                        {
                            "name": "JOB_COMPLETION_INDEX",
                            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}},
                        }
                    )

    # Status.

    def _tell(self, job, record, status, holder, failure, done):
        pods = self._pods(job)
        ending = [pod for pod in pods.values() if pod["metadata"].get("deletionTimestamp")]
        active = len(pods) - len(ending)
        ready = len(
            [
                pod
                for pod in pods.values()
                if any(
                    one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions") or []
                )
            ]
        )
        minor = self.cluster.features.minor
        counts = {"active": active, "succeeded": len(record.succeeded), "failed": len(record.failed)}
        if minor >= 24:
            status["ready"] = ready
            status["uncountedTerminatedPods"] = {}
        if minor >= 29:
            status["terminating"] = len(ending)
        for name, count in counts.items():
            status.pop(name, None)
            if count:
                status[name] = count
        if job["spec"].get("completionMode") == "Indexed":
            status["completedIndexes"] = intervals(i for i in record.completed if i < job["spec"]["completions"])
            if not status["completedIndexes"]:
                del status["completedIndexes"]
            if "backoffLimitPerIndex" in job["spec"]:
                status["failedIndexes"] = intervals(record.failed_indexes)
        if done and not failure and record.failed_indexes:
            failure = ("FailedIndexes", "Job has failed indexes")
        waits = minor >= 31 and (ending or active)
        if failure:
            if minor >= 31:
                set_condition(holder, "FailureTarget", "True", *failure)
            if not waits:
                set_condition(holder, "Failed", "True", *failure)
                self._event(job, "Warning", failure[0], failure[1])
        elif done:
            if minor >= 31:
                set_condition(
                    holder,
                    "SuccessCriteriaMet",
                    "True",
                    "CompletionsReached",
                    "Reached expected number of succeeded pods",
                )
            if not waits:
                reached = ("CompletionsReached", "Reached expected number of succeeded pods") if minor >= 31 else ()
                set_condition(holder, "Complete", "True", *reached)
                status["completionTime"] = now()
                self._event(job, "Normal", "Completed", "Job completed")
        if status != job["status"]:
            metadata = job["metadata"]
            self.store.modify(JOBS, metadata["namespace"], metadata["name"], lambda new: new.update(status=status))

    def _event(self, job, event_type, reason, message):
        recorder.record(self.store, "Job", job, event_type, reason, message, "job-controller")
