"""The objects, their versions and who watches them: what etcd and the watch cache are to a real server.

An object in the store is never changed in place: whoever wants it different makes a copy and gives that. So an object
that was handed out, put into the history or queued for a watcher stays what it was.
"""

import asyncio
import collections
import copy
import datetime
import uuid

from . import errors


def now():
    """The time as the API writes it (RFC 3339, whole seconds)."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def now_micro():
    """The time with microseconds (meta/v1 MicroTime)."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Change = collections.namedtuple("Change", "version type resource obj old")


class Store:
    """All objects of one server."""

    HISTORY = 20000

    def __init__(self):
        self._objects = collections.defaultdict(dict)
        self._version = 100
        self._history = collections.deque()
        self._forgotten = self._version
        self._watchers = set()
        self._listeners = []

    @property
    def version(self):
        """The newest resourceVersion, an int."""
        return self._version

    def listen(self, listener):
        """listener(change) is called at each change, at once: it must only take note."""
        self._listeners.append(listener)

    def get(self, resource, namespace, name):
        """The object; not_found if there is none."""
        obj = self.peek(resource, namespace, name)
        if obj is None:
            raise errors.not_found(resource, name)
        return obj

    def peek(self, resource, namespace, name):
        """The object or None."""
        return self._objects[resource.plural].get((namespace if resource.namespaced else None, name))

    def by_uid(self, uid):
        """(resource name, object) of a uid, or (None, None)."""
        for plural, kept in self._objects.items():
            for obj in kept.values():
                if obj["metadata"]["uid"] == uid:
                    return plural, obj
        return None, None

    def list(self, resource, namespace=None, matches=None):
        """The objects in order of their names; of all namespaces if namespace is None."""
        found = [
            obj
            for (where, _), obj in sorted(self._objects[resource.plural].items(), key=lambda item: str(item[0]))
            if namespace in (None, where) and (matches is None or matches(obj))
        ]
        return found

    def dependents(self, uid):
        """(resource name, object) of everything whose ownerReferences name uid."""
        return [
            (plural, obj)
            for plural, kept in self._objects.items()
            for obj in kept.values()
            if any(owner.get("uid") == uid for owner in obj["metadata"].get("ownerReferences") or [])
        ]

    def create(self, resource, obj):
        """Adds a copy of the object, with what a server fills in; returns it."""
        obj = copy.deepcopy(obj)
        metadata = obj["metadata"]
        key = (metadata.get("namespace") if resource.namespaced else None, metadata["name"])
        if key in self._objects[resource.plural]:
            raise errors.already_exists(resource, metadata["name"])
        metadata["uid"] = metadata.get("uid") or str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        if "spec" in obj:
            metadata["generation"] = 1
        return self._put("ADDED", resource, key, obj, None)

    def update(self, resource, obj):
        """Puts the object in place of the one with its name. A resourceVersion in it must be the current one."""
        obj = copy.deepcopy(obj)
        metadata = obj["metadata"]
        old = self.get(resource, metadata.get("namespace"), metadata["name"])
        key = (metadata.get("namespace") if resource.namespaced else None, metadata["name"])
        known = metadata.get("resourceVersion")
        if known and known != old["metadata"]["resourceVersion"]:
            raise errors.conflict(resource, metadata["name"])
        if metadata.get("uid") not in (None, old["metadata"]["uid"]):
            raise errors.conflict(
                resource,
                metadata["name"],
                f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {old['metadata']['uid']}",
            )
        for kept in ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"):
            if kept in old["metadata"]:
                metadata.setdefault(kept, old["metadata"][kept])
        metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        if obj == old:
            return old
        if obj.get("spec") != old.get("spec") and "generation" in metadata:
            metadata["generation"] = old["metadata"].get("generation", 0) + 1
        return self._put("MODIFIED", resource, key, obj, old)

    def modify(self, resource, namespace, name, change):
        """Gives change() a copy of the object to alter; returns the new object, or None if there is none."""
        old = self.peek(resource, namespace, name)
        if old is None:
            return None
        obj = copy.deepcopy(old)
        change(obj)
        return self.update(resource, obj)

    def remove(self, resource, namespace, name):
        """Takes the object out; returns it as it was last."""
        obj = self.get(resource, namespace, name)
        key = (namespace if resource.namespaced else None, name)
        del self._objects[resource.plural][key]
        last = copy.deepcopy(obj)
        return self._put("DELETED", resource, None, last, obj)

    def _put(self, kind, resource, key, obj, old):
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        if key is not None:
            self._objects[resource.plural][key] = obj
        change = Change(self._version, kind, resource, obj, old)
        self._history.append(change)
        while len(self._history) > self.HISTORY:
            self._forgotten = self._history.popleft().version
        for watcher in self._watchers:
            watcher.put_nowait(change)
        for listener in self._listeners:
            listener(change)
        return obj

    def compact(self):
        """Forgets the history: a watch from an older version than the newest is refused with 410."""
        self._history.clear()
        self._forgotten = self._version

    def since(self, version):
        """The changes after the version; 410 if some of them are forgotten."""
        if version < self._forgotten:
            raise errors.expired(f"too old resource version: {version} ({self._forgotten})")
        return [change for change in self._history if change.version > version]

    def watch(self):
        """A queue of all changes from here on; give it back with unwatch()."""
        queue = asyncio.Queue()
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue):
        """Ends watch()."""
        self._watchers.discard(queue)

    def expire_watches(self):
        """Every open watch is told 410 and ends."""
        for watcher in self._watchers:
            watcher.put_nowait(None)
