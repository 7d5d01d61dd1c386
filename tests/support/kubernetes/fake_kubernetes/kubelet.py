"""What a node's kubelet does with a pod: volumes, images, processes, and the pod's status in the words of the real one."""

import asyncio
import copy
import os
import re
import shutil
import signal

from . import container as containers
from . import recorder, volumes
from .resources import CONFIG_MAPS, PODS, SECRETS
from .store import now

_IMAGE = re.compile(
    r"^[a-z0-9]([-a-z0-9_.]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]([-a-z0-9_.]*[a-z0-9])?)*(:[\w][\w.-]{0,127})?(@sha256:[a-f0-9]{64})?$"
)
_EXPANSION = re.compile(r"\$(\$|\(([-._a-zA-Z][-._a-zA-Z0-9]*)\))")


class PodFailed(Exception):
    """The pod can never run."""


def set_condition(pod, kind, status, reason=None, message=None):
    """Puts a condition into a pod's (or a Job's) status."""
    conditions = pod["status"].setdefault("conditions", [])
    condition = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": now()}
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    for at, old in enumerate(conditions):
        if old["type"] == kind:
            if old["status"] == status:
                condition["lastTransitionTime"] = old["lastTransitionTime"]
            conditions[at] = condition
            return
    conditions.append(condition)


def expand(text, environment):
    """$(NAME) replaced as in a container's command; $$ is one dollar, an unknown name stays."""

    def one(match):
        if match[1] == "$":
            return "$"
        return environment.get(match[2], match[0])

    return _EXPANSION.sub(one, text)


class PodWorker:
    """One pod on its node, from the moment that it is bound."""

    def __init__(self, cluster, pod):
        self.cluster = cluster
        self.store = cluster.store
        self.namespace = pod["metadata"]["namespace"]
        self.name = pod["metadata"]["name"]
        self.uid = pod["metadata"]["uid"]
        self.spec = copy.deepcopy(pod["spec"])
        self.directory = os.path.join(cluster.scratch, "pods", self.uid)
        self.running = {}
        self.mounted = {}
        self.frozen = False
        self.stopping = False
        self._last_words = None
        self._restarts = {}
        self._task = asyncio.get_running_loop().create_task(self._run())

    # What the API server sees.

    def pod(self):
        """The pod as it is stored, or None if it is gone or another one has its name."""
        pod = self.store.peek(PODS, self.namespace, self.name)
        return pod if pod is not None and pod["metadata"]["uid"] == self.uid else None

    def _update(self, change):
        if not self.frozen and self.pod() is not None:
            self.store.modify(PODS, self.namespace, self.name, change)

    def _event(self, event_type, reason, message):
        if (pod := self.pod()) is not None and not self.frozen:
            recorder.record(self.store, "Pod", pod, event_type, reason, message, "kubelet")

    def _set_state(self, name, state, ready=False):
        kind = (
            "initContainerStatuses"
            if any(one["name"] == name for one in self.spec.get("initContainers") or [])
            else "containerStatuses"
        )

        def change(pod):
            for status in pod["status"][kind]:
                if status["name"] != name:
                    continue
                if "terminated" in status["state"] and "terminated" not in state:
                    status["lastState"] = status["state"]
                status.update(
                    state=state, ready=ready, started="running" in state, restartCount=self._restarts.get(name, 0)
                )
                if "running" in state or "terminated" in state:
                    status["containerID"] = f"containerd://{self.uid.replace('-', '')}{abs(hash(name)):x}"[:77]
                    status["imageID"] = status["image"]
            if kind == "containerStatuses":
                every = pod["status"][kind]
                whole = all(one["ready"] for one in every)
                for condition in ("Ready", "ContainersReady"):
                    missing = [one["name"] for one in every if not one["ready"]]
                    reason = None if whole else "ContainersNotReady"
                    set_condition(
                        pod,
                        condition,
                        "True" if whole else "False",
                        reason,
                        None if whole else f"containers with unready status: [{' '.join(missing)}]",
                    )
                if "running" in state:
                    pod["status"]["phase"] = "Running"

        self._update(change)

    def _accept(self):
        def change(pod):
            status = pod["status"]
            status.update(hostIP="127.0.0.1", startTime=now())
            for kind, named in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")):
                waiting = "PodInitializing" if self.spec.get("initContainers") else "ContainerCreating"
                if self.spec.get(kind):
                    status[named] = [
                        {
                            "name": one["name"],
                            "state": {"waiting": {"reason": waiting}},
                            "lastState": {},
                            "ready": False,
                            "restartCount": 0,
                            "image": one["image"],
                            "imageID": "",
                            "started": False,
                        }
                        for one in self.spec[kind]
                    ]
            names = " ".join(one["name"] for one in self.spec["containers"])
            initialized = "False" if self.spec.get("initContainers") else "True"
            set_condition(pod, "Initialized", initialized)
            for condition in ("Ready", "ContainersReady"):
                set_condition(
                    pod, condition, "False", "ContainersNotReady", f"containers with unready status: [{names}]"
                )

        self._update(change)

    # Life.

    async def _run(self):
        try:
            self._accept()
            await asyncio.sleep(self.cluster.options.pod_delay)
            await self._mount()
            self._update(lambda pod: pod["status"].update(podIP="127.0.0.1", podIPs=[{"ip": "127.0.0.1"}]))
            for container in self.spec.get("initContainers") or []:
                await self._life(
                    container, self.spec["restartPolicy"] if self.spec["restartPolicy"] == "Never" else "OnFailure"
                )
            self._update(lambda pod: set_condition(pod, "Initialized", "True"))
            codes = await asyncio.gather(
                *[self._life(one, self.spec["restartPolicy"]) for one in self.spec["containers"]]
            )
            self._finish("Failed" if any(codes) else "Succeeded")
        except PodFailed:
            self._finish("Failed")
        except asyncio.CancelledError:
            pass
        finally:
            if not self.stopping:
                self._clean()

    def _finish(self, phase):
        def change(pod):
            if pod["status"]["phase"] in ("Failed", "Succeeded"):
                return
            pod["status"]["phase"] = phase
            if self._last_words is not None:
                self._last_words(pod)
            if pod["status"]["phase"] == "Succeeded":
                for condition in ("Initialized", "Ready", "ContainersReady"):
                    set_condition(pod, condition, "True" if condition == "Initialized" else "False", "PodCompleted")
            else:
                for condition in ("Ready", "ContainersReady"):
                    set_condition(pod, condition, "False", "PodFailed")

        self._update(change)

    def _clean(self):
        """The kubelet is done with the pod: one that was being deleted goes from the API."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self._remove()

    def _remove(self):
        pod = self.pod()
        if pod is not None and pod["metadata"].get("deletionTimestamp") and not self.frozen:
            self.cluster.finalize(PODS, self.namespace, self.name)

    async def _mount(self):
        directory = os.path.join(self.directory, "volumes")
        for volume in self.spec.get("volumes") or []:
            while volume["name"] not in self.mounted:
                try:
                    self.mounted[volume["name"]] = volumes.make(
                        self.store,
                        self.cluster.image_roots(),
                        self.pod() or {"metadata": {"namespace": self.namespace}, "spec": self.spec},
                        volume,
                        directory,
                    )
                except volumes.MountError as error:
                    self._event(
                        "Warning", "FailedMount", f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
                    )
                    await asyncio.sleep(0.5)

    async def _pull(self, container):
        """Returns the image's directory; waits as long as it cannot be pulled."""
        image, name = container["image"], container["name"]
        delay = 1.0
        while True:
            if not _IMAGE.match(image):
                message = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": invalid reference format'
                self._event("Warning", "InspectFailed", message)
                self._set_state(name, {"waiting": {"reason": "InvalidImageName", "message": message}})
            elif (problem := self.cluster.pull_problem(image)) is None:
                return self.cluster.image_roots().get(image, "/")
            elif container.get("imagePullPolicy") == "Never":
                message = f'Container image "{image}" is not present with pull policy of Never'
                self._event("Warning", "ErrImageNeverPull", message)
                self._set_state(name, {"waiting": {"reason": "ErrImageNeverPull", "message": message}})
            else:
                message = f'failed to pull and unpack image "{image}": {problem}'
                self._event("Normal", "Pulling", f'Pulling image "{image}"')
                self._event("Warning", "Failed", f'Failed to pull image "{image}": {message}')
                self._event("Warning", "Failed", "Error: ErrImagePull")
                self._set_state(name, {"waiting": {"reason": "ErrImagePull", "message": message}})
                await asyncio.sleep(min(delay, 2))
                self._event("Normal", "BackOff", f'Back-off pulling image "{image}"')
                self._event("Warning", "Failed", "Error: ImagePullBackOff")
                message = f'Back-off pulling image "{image}": ErrImagePull: {message}'
                self._set_state(name, {"waiting": {"reason": "ImagePullBackOff", "message": message}})
            await asyncio.sleep(delay)
            delay = min(delay * 2, 300)

    def _environment(self, container):
        pod = self.pod() or {
            "metadata": {"name": self.name, "namespace": self.namespace, "uid": self.uid},
            "spec": self.spec,
        }
        hostname = self.spec.get("hostname") or self.name
        found = {"PATH": containers.DEFAULT_PATH, "HOSTNAME": hostname[:63], "HOME": "/root"}
        found |= {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.cluster.port)}
        for source in container.get("envFrom") or []:
            for kind, resource in (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS)):
                if kind in source:
                    for key, value in volumes.values(self.store, self.namespace, resource, source[kind]).items():
                        found[source.get("prefix", "") + key] = value
        for variable in container.get("env") or []:
            if "valueFrom" in variable:
                value = volumes.value_from(self.store, pod, variable["valueFrom"])
                if value is not None:
                    found[variable["name"]] = value
            else:
                found[variable["name"]] = expand(variable.get("value", ""), found)
        return found

    def _script(self, container, root, directory):
        environment = self._environment(container)
        command = [
            expand(word, environment) for word in [*(container.get("command") or []), *(container.get("args") or [])]
        ]
        if not container.get("command"):
            command = [*self.cluster.entry_point(container["image"]), *command]
        if not command:
            raise volumes.MountError("no command specified")
        mounts = []
        for mount in container.get("volumeMounts") or []:
            source, read_only = self.mounted[mount["name"]]
            if mount.get("subPath"):
                source = os.path.join(source, mount["subPath"])
            mounts.append(containers.Mount(source, mount["mountPath"], read_only or mount.get("readOnly", False)))
        if self.spec.get("automountServiceAccountToken", True):
            source = volumes.make_service_account(
                self.directory, self.cluster.service_account_token(), self.cluster.authority, self.namespace
            )
            mounts.append(containers.Mount(source, "/var/run/secrets/kubernetes.io/serviceaccount", True))
        security = (self.spec.get("securityContext") or {}) | (container.get("securityContext") or {})
        user, group = security.get("runAsUser"), security.get("runAsGroup")
        if security.get("runAsNonRoot") and not user:
            raise volumes.MountError("container has runAsNonRoot and image will run as root")
        return containers.setup_script(
            directory,
            root,
            (self.spec.get("hostname") or self.name)[:63],
            mounts,
            user,
            group,
            container.get("workingDir"),
            security.get("readOnlyRootFilesystem", False),
            command,
            environment,
        )

    async def _life(self, container, policy):
        """Runs the container until its pod's policy says that it is over; returns the exit code."""
        name = container["name"]
        delay = self.cluster.options.restart_backoff
        while True:
            root = await self._pull(container)
            directory = os.path.join(self.directory, f"{name}-{self._restarts.get(name, 0)}")
            one = containers.Container(
                name, directory, container.get("stdin", False), container.get("stdinOnce", False)
            )
            while True:
                try:
                    script = self._script(container, root, directory)
                    break
                except volumes.MountError as error:
                    self._event("Warning", "Failed", f"Error: {error}")
                    self._set_state(name, {"waiting": {"reason": "CreateContainerConfigError", "message": str(error)}})
                    await asyncio.sleep(0.5)
            await one.start(script)
            self.running[name] = one
            await one.wait_for_command()
            self.cluster.seen(self, one)
            started = now()
            self._event("Normal", "Started", f"Started container {name}")
            self._set_state(name, {"running": {"startedAt": started}}, ready=True)
            await one.wait()
            code = one.exit_code
            ended = {
                "exitCode": code,
                "reason": "Completed" if code == 0 else "Error",
                "startedAt": started,
                "finishedAt": now(),
            }
            ended["containerID"] = f"containerd://{self.uid.replace('-', '')}"
            if one.problem:
                code = 128
                message = f"failed to create containerd task: failed to create shim task: OCI runtime create failed: {one.problem}: unknown"
                ended.update(exitCode=code, reason="StartError", message=message, startedAt="1970-01-01T00:00:00Z")
                self._event("Warning", "Failed", f"Error: {message}")
            self._set_state(name, {"terminated": ended})
            if self.stopping or policy == "Never" or (policy == "OnFailure" and code == 0):
                if code and name not in [each["name"] for each in self.spec["containers"]]:
                    raise PodFailed
                return code
            self._event("Warning", "BackOff", f"Back-off restarting failed container {name} in pod {self.name}")
            await asyncio.sleep(0.05)
            message = (
                f"back-off {delay:g}s restarting failed container={name} pod={self.name}_{self.namespace}({self.uid})"
            )
            self._set_state(name, {"waiting": {"reason": "CrashLoopBackOff", "message": message}})
            await asyncio.sleep(delay)
            delay = min(delay * 2, 300)
            self._restarts[name] = self._restarts.get(name, 0) + 1

    async def stop(self, grace):
        """Ends the pod as the kubelet does when it is deleted: SIGTERM, the grace period, SIGKILL."""
        self.stopping = True
        alive = [one for one in self.running.values() if not one.finished.is_set()]
        if not alive:
            self._task.cancel()
            await asyncio.wait([self._task])
        else:
            self._event("Normal", "Killing", f"Stopping container {alive[0].name}")
            for one in alive:
                one.signal(signal.SIGTERM)
            done, late = await asyncio.wait([self._task], timeout=grace)
            if late:
                self.kill()
                done, late = await asyncio.wait([self._task], timeout=5)
            del done
            if late:
                self._task.cancel()
        self._clean()

    async def evict(self, reason, message):
        """The kubelet takes the pod down for its node's sake; the pod stays in the API as Failed."""

        def change(pod):
            pod["status"].update(phase="Failed", reason=reason, message=message)
            if self.cluster.features.disruption_conditions:
                set_condition(pod, "DisruptionTarget", "True", "TerminationByKubelet", message)

        self._event("Warning", reason, message)
        self._last_words = change
        self.stopping = True
        self.kill()
        if any(not one.finished.is_set() for one in self.running.values()):
            await asyncio.wait([self._task], timeout=5)
        self._task.cancel()
        self._finish("Failed")
        self._clean()

    def kill(self):
        """Everything of the pod ends at once."""
        for one in self.running.values():
            one.kill()

    def thaw(self):
        """The node is back: what happened meanwhile is told."""
        self.frozen = False
        pod = self.pod()
        if pod is not None and pod["metadata"].get("deletionTimestamp"):
            self.cluster.stop(self.uid, 1)
        elif self._task.done():
            self._finish("Failed")
