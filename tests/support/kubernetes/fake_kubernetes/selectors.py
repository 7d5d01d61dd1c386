"""Label selectors as text (a=b, a!=b, a in (b, c), a, !a) and field selectors (metadata.name=x)."""

import re

from .errors import ApiError

_SET = re.compile(r"^\s*(?P<key>\S+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*(?P<key>[^!=\s]+)\s*(?P<op>==|=|!=)\s*(?P<value>\S*)\s*$")
_EXISTS = re.compile(r"^\s*(?P<no>!?)\s*(?P<key>[^!=\s()]+)\s*$")


def _terms(text):
    return [term for term in re.split(r",(?![^(]*\))", text) if term.strip()]


def _label_test(term):
    if match := _SET.match(term):
        key = match["key"]
        values = {value.strip() for value in match["values"].split(",")}
        if match["op"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match := _EQUAL.match(term):
        key, value = match["key"], match["value"]
        if match["op"] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if match := _EXISTS.match(term):
        key = match["key"]
        if match["no"]:
            return lambda labels: key not in labels
        return lambda labels: key in labels
    raise ApiError(400, f"unable to parse requirement: found '{term}', expected: '=', '!=', '==', 'in', notin'")


def _field(obj, path):
    value = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)


# The fields that a real server can select by; any other is refused.
_FIELDS = {
    "pods": {
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
    },
    "events": {
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    },
    "jobs": {"status.successful"},
    "namespaces": {"status.phase"},
    "secrets": {"type"},
}


def _field_test(term, resource):
    match = _EQUAL.match(term)
    if not match:
        raise ApiError(400, f'invalid selector: "{term}"; can\'t understand "{term}"')
    key, value = match["key"], match["value"]
    if key not in {"metadata.name", "metadata.namespace"} | _FIELDS.get(resource.plural, set()):
        raise ApiError(400, f"field label not supported: {key}")
    if match["op"] == "!=":
        return lambda obj: _field(obj, key) != value
    return lambda obj: _field(obj, key) == value


def selector(resource, labels, fields):
    """A predicate of objects from the two query parameters."""
    label_tests = [_label_test(term) for term in _terms(labels or "")]
    field_tests = [_field_test(term, resource) for term in _terms(fields or "")]

    def matches(obj):
        own = obj["metadata"].get("labels") or {}
        return all(test(own) for test in label_tests) and all(test(obj) for test in field_tests)

    return matches
