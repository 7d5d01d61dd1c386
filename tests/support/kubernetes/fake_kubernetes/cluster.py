"""The cluster behind the API: nodes, controllers, pods on their nodes, and what a test wants to go wrong."""

import asyncio
import os
import secrets
import uuid

from . import errors, kubelet, validation
from .collector import Collector
from .features import Features
from .job_controller import JobController
from .resources import JOBS, NAMESPACES, NODES, PODS, RESOURCE_QUOTAS, SERVICE_ACCOUNTS
from .scheduler import Scheduler, quantity, requests
from .store import Store, now

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


class Cluster:
    """Everything but the HTTP."""

    def __init__(self, options, scratch, authority):
        self.options = options
        self.scratch = scratch
        self.authority = authority
        self.port = 0
        self.features = Features(options.version)
        self.store = Store()
        self.collector = Collector(self)
        self.scheduler = Scheduler(self)
        self.jobs = JobController(self)
        self.workers = {}
        self.streams = {}
        self.unpullable = {}
        self.lost_nodes = set()
        self._images = dict(options.images)
        self._ending = {}
        self._wake = asyncio.Event()
        self._service_account_token = secrets.token_urlsafe(32)
        self.store.listen(self._changed)
        self._fill()

    def _fill(self):
        for name in ("default", "kube-system", *self.options.namespaces):
            self.store.create(
                NAMESPACES,
                _named("Namespace", name) | {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}},
            )
            self.store.create(SERVICE_ACCOUNTS, _named("ServiceAccount", "default", name))
        for number in range(1, self.options.nodes + 1):
            self.add_node(f"node{number}")

    def add_node(self, name):
        """A machine that is ready."""
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": os.uname().machine.replace("x86_64", "amd64"),
        }
        size = {"cpu": self.options.node_cpu, "memory": self.options.node_memory, "pods": "110"}
        node = _named("Node", name) | {"spec": {}, "status": {"capacity": size, "allocatable": dict(size)}}
        node["metadata"]["labels"] = labels
        kubelet.set_condition(node, "Ready", "True", "KubeletReady", "kubelet is posting ready status")
        node["status"]["nodeInfo"] = {
            "kubeletVersion": self.features.git_version,
            "operatingSystem": "linux",
            "osImage": "fake",
        }
        self.store.create(NODES, node)

    # Images.

    def image_roots(self):
        """{image: directory that is its root}."""
        return self._images

    def entry_point(self, _image):
        """What an image runs by itself: the fake's images have no configuration."""
        return ["/bin/sh"]

    def pull_problem(self, image):
        """Why the image cannot be pulled, or None."""
        if image in self.unpullable:
            return self.unpullable[image]
        if self.options.only_images and image not in self._images:
            return f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        return None

    def service_account_token(self):
        """The token that pods find mounted."""
        return self._service_account_token

    # Admission.

    def admit_and_create(self, resource, obj):
        """What every creation goes through, by a user or by a controller."""
        if resource.namespaced:
            namespace = self.store.peek(NAMESPACES, None, obj["metadata"]["namespace"])
            if namespace is None:
                raise errors.not_found(NAMESPACES, obj["metadata"]["namespace"])
        if resource is JOBS and self.options.kueue and QUEUE_LABEL in (obj["metadata"].get("labels") or {}):
            obj.setdefault("spec", {})["suspend"] = True
        validation.on_create(resource, obj, self.features)
        if resource is JOBS:
            self._complete_job(obj)
        self._check_quotas(resource, obj)
        created = self.store.create(resource, obj)
        if resource is NAMESPACES:
            self.store.create(SERVICE_ACCOUNTS, _named("ServiceAccount", "default", created["metadata"]["name"]))
        return created

    def _complete_job(self, job):
        uid = job["metadata"]["uid"] = str(uuid.uuid4())
        name = job["metadata"]["name"]
        own = {"controller-uid": uid, "job-name": name}
        selector = {"controller-uid": uid}
        if self.features.prefixed_labels:
            own |= {f"batch.kubernetes.io/{key}": value for key, value in own.items()}
            selector = {"batch.kubernetes.io/controller-uid": uid}
        job["spec"]["selector"] = {"matchLabels": selector}
        metadata = job["spec"]["template"]["metadata"]
        metadata["labels"] = (metadata.get("labels") or {}) | own

    def _check_quotas(self, resource, obj):
        namespace = obj["metadata"].get("namespace")
        for quota in self.store.list(RESOURCE_QUOTAS, namespace) if resource.namespaced else []:
            hard = quota["spec"].get("hard") or {}
            asked, used = self._usage(resource, obj, namespace)
            over = [name for name in hard if name in asked and used[name] + asked[name] > quantity(hard[name])]
            if over:
                told = [",".join(f"{name}={values[name]:g}" for name in over) for values in (asked, used)]
                limited = ",".join(f"{name}={hard[name]}" for name in over)
                why = f"exceeded quota: {quota['metadata']['name']}, requested: {told[0]}, used: {told[1]}, limited: {limited}"
                raise errors.forbidden(resource, obj["metadata"]["name"], why)
            missing = [
                name
                for name in hard
                if name.startswith(("requests.", "limits.")) and resource is PODS and name not in asked
            ]
            if missing:
                why = f"failed quota: {quota['metadata']['name']}: must specify {','.join(sorted(missing))}"
                raise errors.forbidden(resource, obj["metadata"]["name"], why)

    def _usage(self, resource, obj, namespace):
        """What the object would use of a quota, and what is used."""
        count = f"count/{errors.qualified(resource)}"
        there = self.store.list(resource, namespace)
        asked, used = {count: 1}, {count: len(there)}
        if resource is PODS:
            alive = [pod for pod in there if pod["status"].get("phase") not in ("Succeeded", "Failed")]
            asked["pods"], used["pods"] = 1, len(alive)
            for name, amount in requests(obj).items():
                asked[name] = asked[f"requests.{name}"] = amount
                used[name] = used[f"requests.{name}"] = sum(requests(pod).get(name, 0) for pod in alive)
        return asked, used

    # The loop.

    def _changed(self, change):
        self._wake.set()
        if change.resource is PODS:
            self._pod_changed(change)

    def _pod_changed(self, change):
        metadata = change.obj["metadata"]
        uid = metadata["uid"]
        worker = self.workers.get(uid)
        if change.type == "DELETED":
            if worker is not None and uid not in self._ending:
                self.stop(uid, 0)
        elif worker is None and change.obj["spec"].get("nodeName") and change.obj["status"].get("phase") == "Pending":
            worker = self.workers[uid] = kubelet.PodWorker(self, change.obj)
            worker.frozen = change.obj["spec"]["nodeName"] in self.lost_nodes
        elif metadata.get("deletionTimestamp") and worker is not None and uid not in self._ending:
            if not worker.frozen:
                self.stop(uid, metadata.get("deletionGracePeriodSeconds", 30))

    def stop(self, uid, grace):
        worker = self.workers[uid]
        if grace == 0:
            worker.kill()

        async def end():
            await worker.stop(max(grace, 1))

        self._ending[uid] = asyncio.get_running_loop().create_task(end())

    def seen(self, worker, container):
        """A container has been started: whoever attaches finds it."""
        self.streams[(worker.uid, container.name)] = container

    def container(self, pod, name):
        """The container of a pod that was started last, or None."""
        return self.streams.get((pod["metadata"]["uid"], name))

    def finalize(self, resource, namespace, name):
        """The kubelet is done with a pod that is being deleted."""
        pod = self.store.peek(resource, namespace, name)
        if pod is None:
            return
        if pod["metadata"].get("finalizers"):
            self.store.modify(
                resource, namespace, name, lambda new: new["metadata"].update(deletionGracePeriodSeconds=0)
            )
        else:
            self.store.remove(resource, namespace, name)

    async def run(self):
        """Runs the controllers whenever something changed, and ten times a second for what time alone changes."""
        while True:
            self._wake.clear()
            self.jobs.run()
            self.scheduler.run()
            self.collector.run()
            # Not wait_for(), which can swallow a cancellation.
            waiting = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait([waiting], timeout=0.1)
            waiting.cancel()

    async def close(self):
        """Ends every process of every pod."""
        for worker in self.workers.values():
            worker.kill()
        for _ in range(50):
            if all(one.finished.is_set() for worker in self.workers.values() for one in worker.running.values()):
                break
            await asyncio.sleep(0.02)


def _named(kind, name, namespace=None):
    obj = {"kind": kind, "apiVersion": "v1", "metadata": {"name": name, "creationTimestamp": now()}}
    if namespace:
        obj["metadata"]["namespace"] = namespace
    return obj
