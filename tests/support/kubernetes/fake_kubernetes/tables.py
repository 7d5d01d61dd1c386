"""Lists as kubectl prints them: the Table form (meta.k8s.io/v1) of what it asks for."""

from .collector import age

_COLUMNS = {
    "pods": ("Name", "Ready", "Status", "Restarts", "Age"),
    "jobs": ("Name", "Status", "Completions", "Duration", "Age"),
    "configmaps": ("Name", "Data", "Age"),
    "nodes": ("Name", "Status", "Age", "Version"),
}


def _ago(timestamp):
    seconds = int(age(timestamp))
    if seconds < 120:
        return f"{seconds}s"
    return f"{seconds // 60}m" if seconds < 7200 else f"{seconds // 3600}h"


def _pod_status(pod):
    said = pod["status"].get("reason") or pod["status"].get("phase", "")
    for container in pod["status"].get("containerStatuses") or []:
        state = container["state"]
        said = (state.get("waiting") or state.get("terminated") or {}).get("reason") or said
    return "Terminating" if pod["metadata"].get("deletionTimestamp") else said


def _row(resource, obj):
    name, when = obj["metadata"]["name"], _ago(obj["metadata"]["creationTimestamp"])
    if resource.plural == "pods":
        statuses = obj["status"].get("containerStatuses") or []
        ready = f"{sum(one['ready'] for one in statuses)}/{len(obj['spec']['containers'])}"
        return [name, ready, _pod_status(obj), sum(one["restartCount"] for one in statuses), when]
    if resource.plural == "jobs":
        status = obj["status"]
        told = next((one["type"] for one in status.get("conditions") or [] if one["status"] == "True"), "Running")
        wanted = obj["spec"].get("completions")
        duration = _ago(status["startTime"]) if "startTime" in status and "completionTime" not in status else ""
        return [name, told, f"{status.get('succeeded', 0)}/{'1' if wanted is None else wanted}", duration, when]
    if resource.plural == "configmaps":
        return [name, len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), when]
    if resource.plural == "nodes":
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in obj["status"]["conditions"])
        return [name, "Ready" if ready else "NotReady", when, obj["status"]["nodeInfo"]["kubeletVersion"]]
    return [name, when]


def maybe(request, resource, objects, version=""):
    """The Table if the request asks for one, else None."""
    if "as=Table" not in request.headers.get("Accept", ""):
        return None
    columns = _COLUMNS.get(resource.plural, ("Name", "Age"))
    whole = request.query.get("includeObject") == "Object"
    rows = []
    for obj in objects:
        shown = (
            obj
            if whole
            else {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
        )
        rows.append({"cells": _row(resource, obj), "object": shown})
    definitions = [
        {"name": one, "type": "string", "format": "name" if one == "Name" else "", "description": one, "priority": 0}
        for one in columns
    ]
    if not version and objects:
        version = objects[-1]["metadata"]["resourceVersion"]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": definitions,
        "rows": rows,
    }
