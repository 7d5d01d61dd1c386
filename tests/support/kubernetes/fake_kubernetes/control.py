"""The endpoint by which a test makes things go wrong, and looks at what happened: HTTP on a unix socket, without any protection.

    curl --unix-socket CONTROL http://fake/NAME [-d JSON]

    fault      {verb, resource, name, through, nth, times, action, code, reason, message, retryAfter, seconds}: from the nth request
               that matches on, times requests meet the action: error (a Status with the code), error-after (the same when it has been
               carried out), stall (seconds, then it goes on), close (the connection breaks), lose-answer (done, but the answer does not
               arrive), close-stream (an attach or watch breaks after seconds, as with the two that come afterwards). verb: get, list,
               watch, create, update, patch, delete, deletecollection or attach; resource: pods, pods/attach, jobs, version, ...;
               through: NAME where the server is asked at /k8s/clusters/NAME; what is left out matches everything.
    clear      no faults, refusals or images that cannot be pulled any more
    evict      {pod, reason, message}: the kubelet evicts it
    node       {name, state: lost | gone | ready | new, evictAfter}: the node's machine stops (its pods end, attaches break, nobody
               tells the API; after evictAfter seconds (default 1) its pods are marked as deleted), is removed, or comes back
    partition  {name}: as lost, but what runs there goes on
    unpullable {image, why}: from now on the image cannot be pulled
    unschedulable {pod: PREFIX, why}: pods whose names begin so find no node
    quota      {name, hard: {pods: 3}, namespace}
    duplicate  {job, index}: a second pod for the index, as may happen after a node was lost
    signal     {pod, signal}: to PID 1 of each container
    admit      {job, parallelism}: what Kueue does when there is room: the Job goes on, with fewer workers if parallelism is given
    drop       {pod}: breaks the attaches of the pods whose names begin so
    restart    {seconds}: the server is away; every connection breaks
    expire-token    no token that was given out is good any more; the kubeconfig's files have a new one
    expire-watches  every open watch is told 410 Gone
    compact    a watch from an older resourceVersion is refused with 410
    settings   {podDelay, jobBackoff}
    rights     {deny: [VERB:RESOURCE]}: what the user may not do from now on
    objects    {jobs: [NAME], pods: [NAME], configmaps: [NAME]}; not what every cluster has
    running    {pod: PREFIX}: the names of those whose container runs
    requests   what was asked so far;  posted: the objects that clients sent;  attaches: how many are open
"""

import asyncio
import json
import signal as signals

from aiohttp import web

from . import errors
from .kubelet import set_condition
from .resources import CONFIG_MAPS, JOBS, NODES, PODS, RESOURCE_QUOTAS


class Control:
    """Carries instructions out."""

    def __init__(self, api, server):
        self.api = api
        self.cluster = api.cluster
        self.store = api.store
        self.server = server

    async def handle(self, request):
        """One instruction."""
        name = request.match_info["name"].replace("-", "_")
        method = getattr(self, f"do_{name}", None)
        if method is None:
            return web.json_response({"error": f"no such instruction: {name}"}, status=404)
        body = await request.read()
        try:
            done = method(json.loads(body) if body.strip() else {})
            result = await done if asyncio.iscoroutine(done) else done
        except (errors.ApiError, KeyError, ValueError) as error:
            return web.json_response({"error": repr(error)}, status=400)
        return web.json_response({} if result is None else result)

    def _pods(self, prefix):
        return [pod for pod in self.store.list(PODS) if pod["metadata"]["name"].startswith(prefix)]

    def _workers(self, prefix):
        found = [
            self.cluster.workers[pod["metadata"]["uid"]]
            for pod in self._pods(prefix)
            if pod["metadata"]["uid"] in self.cluster.workers
        ]
        if not found:
            raise ValueError(f"no pod {prefix} on a node")
        return found

    def do_fault(self, wanted):
        """See above, as for all that follow."""
        self.api.faults.add(wanted)

    def do_clear(self, _wanted):
        self.api.faults.clear()
        self.cluster.unpullable.clear()
        self.cluster.scheduler.refusals.clear()

    async def do_evict(self, wanted):
        message = wanted.get(
            "message", "The node was low on resource: memory. Threshold quantity: 100Mi, available: 51Mi. "
        )
        for worker in self._workers(wanted["pod"]):
            await worker.evict(wanted.get("reason", "Evicted"), message)

    async def do_node(self, wanted):
        name, state = wanted["name"], wanted["state"]
        if state == "new":
            self.cluster.add_node(name)
        elif state == "ready":
            self._ready(name)
        elif state == "lost":
            self._lose(name, wanted.get("evictAfter", 1), kill=True)
        elif state == "gone":
            self._lose(name, None, kill=True)
            self.store.remove(NODES, None, name)
            self._collect_orphans(name)
        else:
            raise ValueError(f"no such state: {state}")

    def do_partition(self, wanted):
        self._lose(wanted["name"], wanted.get("evictAfter", 1), kill=False)

    def _on(self, node):
        return [pod for pod in self.store.list(PODS) if pod["spec"].get("nodeName") == node]

    def _lose(self, name, evict_after, kill):
        self.store.get(NODES, None, name)
        self.cluster.lost_nodes.add(name)
        for pod in self._on(name):
            if worker := self.cluster.workers.get(pod["metadata"]["uid"]):
                worker.frozen = True
        self.api.attaches.drop(lambda pod: pod["spec"].get("nodeName") == name)
        for pod in self._on(name) if kill else []:
            if worker := self.cluster.workers.get(pod["metadata"]["uid"]):
                worker.kill()
        unknown = ("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")
        self.store.modify(NODES, None, name, lambda node: set_condition(node, *unknown))
        for pod in self._on(name):
            place = (PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])
            if pod["status"].get("phase") == "Running":
                self.store.modify(*place, lambda new: set_condition(new, "Ready", "False", "NodeNotReady"))
        if evict_after is not None:
            asyncio.get_running_loop().call_later(evict_after, self._taint, name)

    def _taint(self, name):
        """The taint manager deletes the pods of a node that has been away too long; no kubelet carries it out."""
        if name not in self.cluster.lost_nodes:
            return
        for pod in self._on(name):
            place = (PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])
            if self.cluster.features.disruption_conditions:
                said = "Taint manager: deleting due to NoExecute taint"
                self.store.modify(
                    *place, lambda new: set_condition(new, "DisruptionTarget", "True", "DeletionByTaintManager", said)
                )
            self.cluster.collector.delete(*place, {})

    def _collect_orphans(self, name):
        """Pods of a node that is no more: the pod garbage collector fails and removes them."""
        for pod in self._on(name):
            place = (PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])

            def fail(new):
                if new["status"].get("phase") not in ("Succeeded", "Failed"):
                    new["status"]["phase"] = "Failed"
                    if self.cluster.features.disruption_conditions:
                        set_condition(
                            new, "DisruptionTarget", "True", "DeletionByPodGC", "PodGC: node no longer exists"
                        )

            self.store.modify(*place, fail)
            self.store.remove(*place)

    def _ready(self, name):
        self.cluster.lost_nodes.discard(name)
        self.store.modify(NODES, None, name, lambda node: set_condition(node, "Ready", "True", "KubeletReady"))
        for pod in self._on(name):
            if worker := self.cluster.workers.get(pod["metadata"]["uid"]):
                worker.thaw()

    def do_unpullable(self, wanted):
        self.cluster.unpullable[wanted["image"]] = wanted.get(
            "why",
            "failed to resolve reference: pull access denied, repository does not exist or may require authorization",
        )

    def do_unschedulable(self, wanted):
        prefix = wanted.get("pod", "")
        self.cluster.scheduler.refusals.append(
            (lambda pod: pod["metadata"]["name"].startswith(prefix), wanted.get("why", "Insufficient cpu"))
        )

    def do_quota(self, wanted):
        metadata = {"name": wanted.get("name", "quota"), "namespace": wanted.get("namespace", "default")}
        self.store.create(
            RESOURCE_QUOTAS,
            {"kind": "ResourceQuota", "apiVersion": "v1", "metadata": metadata, "spec": {"hard": wanted["hard"]}},
        )

    def do_duplicate(self, wanted):
        job = next(job for job in self.store.list(JOBS) if job["metadata"]["name"] == wanted["job"])
        self.cluster.jobs.duplicate(job, int(wanted["index"]))

    def do_signal(self, wanted):
        number = getattr(signals, f"SIG{wanted.get('signal', 'KILL')}")
        for worker in self._workers(wanted["pod"]):
            for container in worker.running.values():
                container.signal(number)

    def do_admit(self, wanted):
        for job in self.store.list(JOBS):
            if job["metadata"]["name"] == wanted["job"]:

                def go_on(new):
                    new["spec"]["suspend"] = False
                    if "parallelism" in wanted:
                        new["spec"]["parallelism"] = int(wanted["parallelism"])

                self.store.modify(JOBS, job["metadata"]["namespace"], job["metadata"]["name"], go_on)

    def do_drop(self, wanted):
        prefix = wanted.get("pod", "")
        return {"dropped": self.api.attaches.drop(lambda pod: pod["metadata"]["name"].startswith(prefix))}

    async def do_restart(self, wanted):
        await self.server.restart(float(wanted.get("seconds", 1)))

    def do_expire_token(self, _wanted):
        self.api.tokens.expire()

    def do_expire_watches(self, _wanted):
        self.store.expire_watches()

    def do_compact(self, _wanted):
        self.store.compact()

    def do_settings(self, wanted):
        options = self.cluster.options
        options.pod_delay = float(wanted.get("podDelay", options.pod_delay))
        options.job_backoff = float(wanted.get("jobBackoff", options.job_backoff))

    def do_rights(self, wanted):
        self.api.rights.deny(wanted.get("deny", []))

    def do_objects(self, _wanted):
        def names(resource):
            return [one["metadata"]["name"] for one in self.store.list(resource)]

        maps = [name for name in names(CONFIG_MAPS) if name != "kube-root-ca.crt"]
        return {"jobs": names(JOBS), "pods": names(PODS), "configmaps": maps}

    def do_running(self, wanted):
        def runs(pod):
            return any("running" in one["state"] for one in pod["status"].get("containerStatuses") or [])

        return [pod["metadata"]["name"] for pod in self._pods(wanted.get("pod", "")) if runs(pod)]

    def do_requests(self, _wanted):
        return self.api.requests

    def do_posted(self, _wanted):
        return self.api.posted

    def do_attaches(self, _wanted):
        return {"open": self.api.attaches.count()}
