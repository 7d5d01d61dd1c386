"""The three kinds of patches: RFC 6902 (JSON), RFC 7396 (merge), and Kubernetes' strategic merge."""

import copy
import json

from .errors import ApiError

# Lists that strategic merge treats as maps, by the key that makes an element unique (api/core/v1, patchMergeKey).
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "imagePullSecrets": "name",
    "ownerReferences": "uid",
    "conditions": "type",
    "ports": "containerPort",
}


def _merge(target, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result


def _strategic_list(target, patch, key):
    result = list(target or [])
    for element in patch:
        name = element.get(key)
        at = next((i for i, old in enumerate(result) if old.get(key) == name), None)
        if element.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(_strategic({}, element))
        else:
            result[at] = _strategic(result[at], element)
    return result


def _strategic(target, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if key.startswith(("$setElementOrder/", "$retainKeys", "$deleteFromPrimitiveList/")):
            continue
        if value is None:
            result.pop(key, None)
        elif isinstance(value, list) and key in _MERGE_KEYS and all(isinstance(one, dict) for one in value):
            result[key] = _strategic_list(result.get(key), value, _MERGE_KEYS[key])
        elif isinstance(value, list) and key == "finalizers":
            result[key] = list(dict.fromkeys([*(result.get(key) or []), *value]))
        else:
            result[key] = _strategic(result.get(key), value)
    return result


def _steps(pointer):
    if pointer and not pointer.startswith("/"):
        raise ApiError(422, f"the patch's path {pointer} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _reach(document, steps):
    for step in steps:
        try:
            document = document[int(step)] if isinstance(document, list) else document[step]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ApiError(422, "the server rejected our request due to an error in our request") from error
    return document


def _json_operation(document, operation):
    steps = _steps(operation["path"])
    kind = operation["op"]
    if kind in ("move", "copy"):
        value = copy.deepcopy(_reach(document, _steps(operation["from"])))
        if kind == "move":
            document = _json_operation(document, {"op": "remove", "path": operation["from"]})
        return _json_operation(document, {"op": "add", "path": operation["path"], "value": value})
    if kind == "test":
        if _reach(document, steps) != operation.get("value"):
            raise ApiError(422, f"the server rejected our request: testing value {operation['path']} failed")
        return document
    if not steps:
        return operation.get("value")
    parent, last = _reach(document, steps[:-1]), steps[-1]
    if kind != "add":
        _reach(parent, [last])
    if isinstance(parent, list):
        at = len(parent) if last == "-" else int(last)
        if kind == "add":
            parent.insert(at, operation["value"])
        elif kind == "replace":
            parent[at] = operation["value"]
        else:
            del parent[at]
    elif kind == "remove":
        del parent[last]
    else:
        parent[last] = operation["value"]
    return document


def apply(obj, body, content_type):
    """The object with the patch of that media type applied; 415 for an unknown type, 422 for one that does not fit."""
    patch = json.loads(body)
    if content_type == "application/json-patch+json":
        document = copy.deepcopy(obj)
        for operation in patch:
            document = _json_operation(document, operation)
        return document
    if content_type == "application/merge-patch+json":
        return _merge(obj, patch)
    if content_type == "application/strategic-merge-patch+json":
        return _strategic(obj, patch)
    raise ApiError(415, f"the body of the request was in an unknown format - {content_type} is not accepted")
