"""What becomes of objects that are deleted: graceful ends of pods, dependents of owners, namespaces, and Jobs whose time is over."""

import datetime

from . import errors
from .resources import JOBS, NAMESPACES, PODS, by_plural

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


def _in(seconds):
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return later.strftime("%Y-%m-%dT%H:%M:%SZ")


class Collector:
    """The delete path of the API server and the garbage collector."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def delete(self, resource, namespace, name, options):
        """Deletes as DeleteOptions say; returns the object, and whether it is gone already."""
        obj = self.store.get(resource, namespace, name)
        metadata = obj["metadata"]
        conditions = options.get("preconditions") or {}
        for field in ("uid", "resourceVersion"):
            if conditions.get(field) not in (None, metadata[field]):
                why = f"Precondition failed: {field} in precondition: {conditions[field]}, {field} in object meta: {metadata[field]}"
                raise errors.conflict(resource, name, why)
        policy = options.get("propagationPolicy")
        if options.get("orphanDependents") is not None:
            policy = "Orphan" if options["orphanDependents"] else "Background"
        if policy not in (None, "Foreground", "Background", "Orphan"):
            raise errors.ApiError(422, f'DeleteOptions is invalid: propagationPolicy: Unsupported value: "{policy}"')
        if policy is None:
            # A Job's pods outlive it unless it is said otherwise: batch/v1 keeps what was once the only way.
            policy = "Orphan" if resource is JOBS else "Background"
        if resource is PODS:
            return self._delete_pod(obj, options)
        if policy == "Orphan":
            self._orphan(metadata["uid"])
        elif policy == "Foreground" and self.store.dependents(metadata["uid"]):
            return self._foreground(resource, obj), False
        if resource is NAMESPACES:
            self._empty(name)
        if metadata.get("finalizers"):
            return self._mark(resource, obj, 0), False
        return self.store.remove(resource, namespace, name), True

    def _mark(self, resource, obj, grace, finalizer=None):
        def change(new):
            metadata = new["metadata"]
            metadata.setdefault("deletionTimestamp", _in(grace))
            metadata["deletionGracePeriodSeconds"] = min(grace, metadata.get("deletionGracePeriodSeconds", grace))
            if finalizer and finalizer not in (metadata.get("finalizers") or []):
                metadata["finalizers"] = [*(metadata.get("finalizers") or []), finalizer]

        metadata = obj["metadata"]
        return self.store.modify(resource, metadata.get("namespace"), metadata["name"], change)

    def _delete_pod(self, pod, options):
        grace = options.get("gracePeriodSeconds")
        if grace is None:
            grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
        metadata = pod["metadata"]
        over = pod["status"].get("phase") in ("Succeeded", "Failed")
        if grace == 0 or over or not pod["spec"].get("nodeName"):
            if metadata.get("finalizers"):
                return self._mark(PODS, pod, 0), False
            return self.store.remove(PODS, metadata["namespace"], metadata["name"]), True
        return self._mark(PODS, pod, grace), False

    def _orphan(self, uid):
        for plural, obj in self.store.dependents(uid):

            def change(new):
                owners = [owner for owner in new["metadata"]["ownerReferences"] if owner.get("uid") != uid]
                new["metadata"]["ownerReferences"] = owners
                if not owners:
                    del new["metadata"]["ownerReferences"]

            self.store.modify(by_plural(plural), obj["metadata"].get("namespace"), obj["metadata"]["name"], change)

    def _foreground(self, resource, obj):
        return self._mark(resource, obj, 0, FOREGROUND)

    def _empty(self, namespace):
        for resource in (JOBS, PODS, *[one for one in map(by_plural, ("configmaps", "secrets", "events")) if one]):
            for obj in self.store.list(resource, namespace):
                self.delete(
                    resource,
                    namespace,
                    obj["metadata"]["name"],
                    {"propagationPolicy": "Background", "gracePeriodSeconds": 0},
                )

    def run(self):
        """One round: dependents without owners, and owners that waited for their dependents."""
        for plural in ("pods", "configmaps", "secrets", "jobs", "events"):
            resource = by_plural(plural)
            for obj in self.store.list(resource):
                self._collect(resource, obj)
        self._expire()

    def _collect(self, resource, obj):
        metadata = obj["metadata"]
        place = (resource, metadata.get("namespace"), metadata["name"])
        owners = metadata.get("ownerReferences") or []
        if owners and not metadata.get("deletionTimestamp"):
            alive = [self.store.by_uid(owner["uid"])[1] for owner in owners]
            if all(owner is None for owner in alive):
                self.delete(*place, {"propagationPolicy": "Background"})
                return
            if all(owner is not None and FOREGROUND in (owner["metadata"].get("finalizers") or []) for owner in alive):
                self.delete(*place, {"propagationPolicy": "Foreground"})
                return
        finalizers = metadata.get("finalizers") or []
        if FOREGROUND in finalizers and metadata.get("deletionTimestamp"):
            waits = [
                one
                for _, one in self.store.dependents(metadata["uid"])
                if any(
                    owner.get("uid") == metadata["uid"] and owner.get("blockOwnerDeletion")
                    for owner in one["metadata"]["ownerReferences"]
                )
            ]
            if not waits:
                self.store.modify(
                    *place, lambda new: new["metadata"].update(finalizers=[f for f in finalizers if f != FOREGROUND])
                )
                self.settle(*place)

    def settle(self, resource, namespace, name):
        """An object that is marked as deleted goes when nothing holds it any more."""
        obj = self.store.peek(resource, namespace, name)
        if obj is None or not obj["metadata"].get("deletionTimestamp") or obj["metadata"].get("finalizers"):
            return
        if resource is PODS and obj["metadata"].get("deletionGracePeriodSeconds"):
            return
        self.store.remove(resource, namespace, name)

    def _expire(self):
        if not self.cluster.features.ttl:
            return
        for job in self.store.list(JOBS):
            ttl = job["spec"].get("ttlSecondsAfterFinished")
            if ttl is None or job["metadata"].get("deletionTimestamp"):
                continue
            ends = [
                one["lastTransitionTime"]
                for one in job["status"].get("conditions") or []
                if one["type"] in ("Complete", "Failed") and one["status"] == "True"
            ]
            if ends and _in(-ttl) >= ends[0]:
                self.delete(
                    JOBS, job["metadata"]["namespace"], job["metadata"]["name"], {"propagationPolicy": "Foreground"}
                )


def age(timestamp):
    """Seconds since an RFC 3339 time of the API."""
    then = datetime.datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    return (datetime.datetime.now(datetime.timezone.utc) - then).total_seconds()
