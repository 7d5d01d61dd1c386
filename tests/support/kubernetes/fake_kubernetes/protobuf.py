"""As much of Kubernetes' protobuf as kubectl writes of its own accord: reviews, ConfigMaps, Secrets and options of deletions.

Typed clients of Go send protobuf since client-go 1.33, and do not try JSON when it is refused. Answers may be JSON. The numbers of the
fields are those of the generated.proto files (api/core/v1, api/authorization/v1, apimachinery/pkg/apis/meta/v1).
"""

import base64

from .errors import ApiError

_MAGIC = b"k8s\x00"
CONTENT_TYPE = "application/vnd.kubernetes.protobuf"

# Message: {number: (name, kind)}; kind is text, number, truth, list (of text), map, data (a map of bytes, which JSON has in base64) or
# another message.
_META = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
}
_ATTRIBUTES = {1: ("namespace", "text"), 2: ("verb", "text"), 3: ("group", "text"), 4: ("version", "text"), 5: ("resource", "text"), 6: ("subresource", "text"), 7: ("name", "text")}  # fmt: skip
_REVIEW = {
    1: ("resourceAttributes", _ATTRIBUTES),
    2: ("nonResourceAttributes", {1: ("path", "text"), 2: ("verb", "text")}),
}
_MESSAGES = {
    "ConfigMap": {1: ("metadata", _META), 2: ("data", "map"), 3: ("binaryData", "data"), 4: ("immutable", "truth")},
    "Secret": {
        1: ("metadata", _META),
        2: ("data", "data"),
        3: ("type", "text"),
        4: ("stringData", "map"),
        5: ("immutable", "truth"),
    },
    "Namespace": {1: ("metadata", _META)},
    "SelfSubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _REVIEW)},
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", "text")})},
    "SelfSubjectReview": {1: ("metadata", _META)},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "number"),
        2: ("preconditions", {1: ("uid", "text"), 2: ("resourceVersion", "text")}),
        3: ("orphanDependents", "truth"),
        4: ("propagationPolicy", "text"),
        5: ("dryRun", "list"),
    },
}


def _varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def _fields(data):
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
        elif tag & 7 == 2:
            length, at = _varint(data, at)
            value, at = data[at : at + length], at + length
        else:
            raise ApiError(400, "illegal wire type in protobuf")
        yield tag >> 3, value


def _message(data, names):
    found = {}
    for number, value in _fields(data):
        if number not in names:
            continue
        name, kind = names[number]
        if isinstance(kind, dict):
            found[name] = _message(value, kind)
        elif kind == "text":
            if value:
                found[name] = value.decode()
        elif kind == "list":
            found.setdefault(name, []).append(value.decode())
        elif kind in ("map", "data"):
            entry = dict(_fields(value))
            text = entry.get(2, b"")
            found.setdefault(name, {})[entry.get(1, b"").decode()] = (
                base64.b64encode(text).decode() if kind == "data" else text.decode()
            )
        else:
            found[name] = bool(value) if kind == "truth" else value
    return found


def decode(body):
    """The object in a protobuf body, as JSON would have it."""
    if not body.startswith(_MAGIC):
        raise ApiError(400, "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    unknown = dict(_fields(body[len(_MAGIC) :]))
    kind = {number: value.decode() for number, value in _fields(unknown.get(1, b""))}
    if kind.get(2) not in _MESSAGES:
        raise ApiError(415, f"the fake reads {kind.get(2)} as JSON only")
    return {"apiVersion": kind.get(1), "kind": kind[2]} | _message(unknown.get(2, b""), _MESSAGES[kind[2]])
