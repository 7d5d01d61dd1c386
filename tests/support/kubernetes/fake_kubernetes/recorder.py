"""Events about objects, as the parts of a cluster record them."""

import os

from .resources import EVENTS
from .store import now


def record(store, kind, obj, event_type, reason, message, component):
    """Adds an event, or counts one that says the same."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace", "default")
    for old in store.list(EVENTS, namespace):
        if (old["involvedObject"].get("uid"), old["reason"], old["message"]) == (metadata["uid"], reason, message):

            def again(event):
                event["count"] += 1
                event["lastTimestamp"] = now()

            store.modify(EVENTS, namespace, old["metadata"]["name"], again)
            return
    store.create(
        EVENTS,
        {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": {"name": f"{metadata['name']}.{os.urandom(8).hex()}", "namespace": namespace},
            "involvedObject": {
                "kind": kind,
                "namespace": namespace,
                "name": metadata["name"],
                "uid": metadata["uid"],
                "apiVersion": "batch/v1" if kind == "Job" else "v1",
                "resourceVersion": metadata["resourceVersion"],
            },
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "firstTimestamp": now(),
            "lastTimestamp": now(),
            "count": 1,
            "type": event_type,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": "",
        },
    )
