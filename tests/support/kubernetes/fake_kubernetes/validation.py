"""What a server checks and fills in before it keeps an object.

These are the checks that a client's mistake meets most: names, labels, references inside a pod, the limits of a ConfigMap, what
of a Job may not change, and the combinations of a Job's fields. Types and unknown fields are the affair of schemas.py.
"""

import base64
import binascii
import re

from . import errors
from .resources import CONFIG_MAPS, JOBS, PODS, SECRETS

_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_QUALIFIED = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
_DATA_KEY = re.compile(r"^[-._a-zA-Z0-9]+$")
_ENV_NAME = re.compile(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")
MAX_DATA = 1024 * 1024
MAX_INT = 2147483647

_RFC_1123 = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


class _Causes(list):
    """(field, message) of everything that is wrong."""

    def invalid(self, field, value, why):
        self.append((field, f'Invalid value: "{value}": {why}'))

    def required(self, field, why=""):
        self.append((field, "Required value" + (f": {why}" if why else "")))

    def forbidden(self, field, why):
        self.append((field, f"Forbidden: {why}"))


def _labels(causes, labels, where, values=True):
    for key, value in (labels or {}).items():
        prefix, _, name = key.rpartition("/")
        if not _QUALIFIED.match(name) or len(name) > 63 or (prefix and not _SUBDOMAIN.match(prefix)):
            causes.invalid(where, key, "name part must consist of alphanumeric characters, '-', '_' or '.'")
        if not isinstance(value, str):
            raise errors.ApiError(400, f"json: cannot unmarshal {type(value).__name__} into Go struct field of {where}")
        if values and (len(value) > 63 or (value and not _QUALIFIED.match(value))):
            why = (
                "must be no more than 63 characters" if len(value) > 63 else "a valid label must be an empty string or "
            )
            if len(value) <= 63:
                why += "consist of alphanumeric characters, '-', '_' or '.'"
            causes.invalid(where, value, why)


def _metadata(causes, metadata):
    name = metadata.get("name") or ""
    if not name:
        causes.required("metadata.name", "name or generateName is required")
    elif len(name) > 253 or not _SUBDOMAIN.match(name):
        causes.invalid("metadata.name", name, _RFC_1123)
    _labels(causes, metadata.get("labels"), "metadata.labels")
    _labels(causes, metadata.get("annotations"), "metadata.annotations", values=False)
    size = sum(len(key) + len(value) for key, value in (metadata.get("annotations") or {}).items())
    if size > 256 * 1024:
        causes.append(("metadata.annotations", "Too long: may not be more than 262144 bytes"))
    for at, owner in enumerate(metadata.get("ownerReferences") or []):
        for needed in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(needed):
                causes.required(f"metadata.ownerReferences[{at}].{needed}", "must not be empty")


def _container(causes, container, volumes, where):
    name = container.get("name") or ""
    if not _LABEL.match(name) or len(name) > 63:
        causes.invalid(
            f"{where}.name", name, "a lowercase RFC 1123 label must consist of lower case alphanumeric characters"
        )
    if not container.get("image"):
        causes.required(f"{where}.image")
    for at, variable in enumerate(container.get("env") or []):
        if not _ENV_NAME.match(variable.get("name") or ""):
            causes.invalid(
                f"{where}.env[{at}].name",
                variable.get("name"),
                "a valid environment variable name must consist of alphabetic characters",
            )
        if not isinstance(variable.get("value", ""), str):
            raise errors.ApiError(400, "json: cannot unmarshal number into Go struct field EnvVar.value of type string")
        if variable.get("value") and variable.get("valueFrom"):
            causes.invalid(f"{where}.env[{at}].valueFrom", "", "may not be specified when `value` is not empty")
    paths = set()
    for at, mount in enumerate(container.get("volumeMounts") or []):
        if mount.get("name") not in volumes:
            causes.append((f"{where}.volumeMounts[{at}].name", f'Not found: "{mount.get("name")}"'))
        if not mount.get("mountPath"):
            causes.required(f"{where}.volumeMounts[{at}].mountPath")
        elif mount["mountPath"] in paths:
            causes.invalid(f"{where}.volumeMounts[{at}].mountPath", mount["mountPath"], "must be unique")
        paths.add(mount.get("mountPath"))
    container.setdefault(
        "imagePullPolicy",
        "Always"
        if container.get("image", "").endswith(":latest") or ":" not in container.get("image", "").rsplit("/", 1)[-1]
        else "IfNotPresent",
    )
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    resources = container.setdefault("resources", {})
    for name, limit in (resources.get("limits") or {}).items():
        resources.setdefault("requests", {}).setdefault(name, limit)


def pod_spec(causes, spec, where):
    """Checks and completes the spec of a pod or of a template."""
    names = set()
    for at, volume in enumerate(spec.get("volumes") or []):
        name = volume.get("name") or ""
        if not _LABEL.match(name):
            causes.invalid(
                f"{where}.volumes[{at}].name",
                name,
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters",
            )
        if name in names:
            causes.append((f"{where}.volumes[{at}].name", f'Duplicate value: "{name}"'))
        names.add(name)
        if len(volume) == 1:
            causes.required(f"{where}.volumes[{at}]", "must specify a volume type")
        for kind in ("configMap", "secret"):
            mode = (volume.get(kind) or {}).get("defaultMode")
            if mode is not None and not 0 <= mode <= 0o777:
                causes.invalid(
                    f"{where}.volumes[{at}].{kind}.defaultMode",
                    mode,
                    "must be a number between 0 and 0777 (octal), both inclusive",
                )
            if kind in volume:
                volume[kind].setdefault("defaultMode", 0o644)
    containers = spec.get("containers") or []
    if not containers:
        causes.required(f"{where}.containers")
    seen = set()
    for kind in ("initContainers", "containers"):
        for at, container in enumerate(spec.get(kind) or []):
            _container(causes, container, names, f"{where}.{kind}[{at}]")
            if container.get("name") in seen:
                causes.append((f"{where}.{kind}[{at}].name", f'Duplicate value: "{container.get("name")}"'))
            seen.add(container.get("name"))
    if "hostname" in spec and not (_LABEL.match(spec["hostname"]) and len(spec["hostname"]) <= 63):
        causes.invalid(f"{where}.hostname", spec["hostname"], "must be no more than 63 characters")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")


def _pod(causes, pod):
    pod_spec(causes, pod.setdefault("spec", {}), "spec")
    spec = pod["spec"]
    spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    spec.setdefault("priority", 0)
    spec.setdefault("enableServiceLinks", True)
    pod["status"] = {"phase": "Pending", "qosClass": _qos(spec)}


def _qos(spec):
    resources = [container.get("resources") or {} for container in spec.get("containers") or []]
    if not any(one.get("requests") or one.get("limits") for one in resources):
        return "BestEffort"
    whole = all(
        {"cpu", "memory"} <= set(one.get("limits") or {}) and one["limits"] == one.get("requests") for one in resources
    )
    return "Guaranteed" if whole else "Burstable"


def _data(causes, obj, encoded):
    size = 0
    seen = set()
    for part in ("data", "binaryData"):
        for key, value in (obj.get(part) or {}).items():
            if not _DATA_KEY.match(key) or key in (".", "..") or len(key) > 253:
                causes.invalid(
                    f"{part}[{key}]", key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
                )
            if key in seen:
                causes.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
            seen.add(key)
            if not isinstance(value, str):
                raise errors.ApiError(400, f"json: cannot unmarshal into Go struct field .{part} of type string")
            if part in encoded:
                try:
                    size += len(base64.b64decode(value, validate=True))
                except binascii.Error as error:
                    raise errors.ApiError(400, f"illegal base64 data at input byte in {part}[{key}]") from error
            else:
                size += len(value.encode())
    if size > MAX_DATA:
        causes.append(("[]" if "binaryData" in encoded else "data", f"Too long: may not be more than {MAX_DATA} bytes"))


def _job(causes, job, features):
    spec = job.setdefault("spec", {})
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod = template.setdefault("spec", {})
    policy = pod.get("restartPolicy", "Always")
    if policy not in ("Never", "OnFailure"):
        causes.append(
            (
                "spec.template.spec.restartPolicy",
                f'Unsupported value: "{policy}": supported values: "OnFailure", "Never"',
            )
        )
    _labels(causes, template["metadata"].get("labels"), "spec.template.metadata.labels")
    pod_spec(causes, pod, "spec.template.spec")
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    for count in (
        "parallelism",
        "completions",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "activeDeadlineSeconds",
        "backoffLimitPerIndex",
    ):
        if count in spec and (not isinstance(spec[count], int) or spec[count] < 0):
            causes.invalid(f"spec.{count}", spec[count], "must be greater than or equal to 0")
    per_index = spec.get("backoffLimitPerIndex")
    if features.indexed:
        spec.setdefault("completionMode", "NonIndexed")
        spec.setdefault("suspend", False)
        if spec["completionMode"] == "Indexed":
            _indexed(causes, job["metadata"].get("name") or "", spec)
    if per_index is not None and spec.get("completionMode") != "Indexed":
        causes.invalid("spec.backoffLimitPerIndex", per_index, "requires indexed completion mode")
    if (per_index is not None or "podFailurePolicy" in spec) and policy != "Never":
        causes.invalid(
            "spec.template.spec.restartPolicy",
            policy,
            'only "Never" is supported when podFailurePolicy or backoffLimitPerIndex is specified',
        )
    if "maxFailedIndexes" in spec and per_index is None:
        causes.invalid("spec.maxFailedIndexes", spec["maxFailedIndexes"], "requires backoffLimitPerIndex")
    spec.setdefault("backoffLimit", 6 if per_index is None else MAX_INT)
    if "podFailurePolicy" in spec:
        _failure_policy(causes, spec)
    if features.minor >= 29:
        spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
        if "podFailurePolicy" in spec and spec["podReplacementPolicy"] != "Failed":
            causes.append(
                (
                    "spec.podReplacementPolicy",
                    f'Unsupported value: "{spec["podReplacementPolicy"]}": supported values: "Failed"',
                )
            )
    job["status"] = {}


def _indexed(causes, name, spec):
    if spec.get("completions") is None:
        causes.required("spec.completions", "when completion mode is Indexed")
        return
    if spec["parallelism"] > 100000:
        causes.invalid(
            "spec.parallelism",
            spec["parallelism"],
            "must be less than or equal to 100000 when completion mode is Indexed",
        )
    hostname = f"{name}-{max(0, spec['completions'] - 1)}"
    if len(hostname) > 63 or not _LABEL.match(hostname):
        causes.invalid("metadata.name", name, f"will not able to create pod with invalid DNS label: {hostname}")


def _failure_policy(causes, spec):
    rules = spec["podFailurePolicy"].get("rules") or []
    if len(rules) > 20:
        causes.append(("spec.podFailurePolicy.rules", "Too many: must have at most 20 items"))
    for at, rule in enumerate(rules):
        where = f"spec.podFailurePolicy.rules[{at}]"
        if rule.get("action") not in ("FailJob", "Ignore", "Count", "FailIndex"):
            causes.append((f"{where}.action", f'Unsupported value: "{rule.get("action")}"'))
        if rule.get("action") == "FailIndex" and "backoffLimitPerIndex" not in spec:
            causes.invalid(f"{where}.action", "FailIndex", "requires the backoffLimitPerIndex to be set")
        codes = rule.get("onExitCodes")
        conditions = rule.get("onPodConditions")
        if bool(codes) == bool(conditions):
            causes.invalid(where, "", "specifying one of OnExitCodes and OnPodConditions is required")
        if codes:
            values = codes.get("values") or []
            if values != sorted(set(values)) or (codes.get("operator") == "In" and 0 in values):
                causes.invalid(
                    f"{where}.onExitCodes.values",
                    values,
                    "must be ordered and without duplicates, 0 is not allowed with In",
                )
        for condition in conditions or []:
            condition.setdefault("status", "True")


def on_create(resource, obj, features):
    """Checks and completes a new object; raises 422 with all that is wrong."""
    causes = _Causes()
    _metadata(causes, obj["metadata"])
    if resource is PODS:
        _pod(causes, obj)
    elif resource is CONFIG_MAPS:
        _data(causes, obj, ("binaryData",))
    elif resource is SECRETS:
        for key, value in (obj.pop("stringData", None) or {}).items():
            obj.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()
        obj.setdefault("type", "Opaque")
        _data(causes, obj, ("data",))
    elif resource is JOBS:
        _job(causes, obj, features)
    elif resource.plural == "namespaces":
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}
    if causes:
        raise errors.invalid(resource, obj["metadata"].get("name") or "", causes)


def on_update(resource, obj, old, features):
    """Checks what may change; raises 422."""
    causes = _Causes()
    _metadata(causes, obj["metadata"])
    if resource in (CONFIG_MAPS, SECRETS):
        _data(causes, obj, ("binaryData",) if resource is CONFIG_MAPS else ("data",))
        if old.get("immutable"):
            if not obj.get("immutable"):
                causes.forbidden("immutable", "field is immutable when `immutable` is set")
            for part in ("data", "binaryData"):
                if obj.get(part) != old.get(part):
                    causes.forbidden(part, "field is immutable when `immutable` is set")
    elif resource is JOBS:
        _job_update(causes, obj["spec"], old["spec"], old.get("status") or {}, features)
    elif resource is PODS:
        _pod_update(causes, obj["spec"], old["spec"])
    if causes:
        raise errors.invalid(resource, obj["metadata"].get("name") or "", causes)


def _job_update(causes, new, old, status, features):
    mutable = {
        "parallelism",
        "suspend",
        "ttlSecondsAfterFinished",
        "activeDeadlineSeconds",
        "backoffLimit",
        "manualSelector",
    }
    if old.get("suspend") and "startTime" not in status:
        mutable.add("template")
    if features.elastic and old.get("completionMode") == "Indexed" and new.get("completions") != old.get("completions"):
        if new.get("completions") == new.get("parallelism"):
            mutable.add("completions")
        else:
            causes.invalid(
                "spec.completions", new.get("completions"), "can only be modified in tandem with spec.parallelism"
            )
            return
    for name in sorted(set(new) | set(old)):
        if name not in mutable and new.get(name) != old.get(name):
            causes.invalid(f"spec.{name}", "...", "field is immutable")


def _pod_update(causes, new, old):
    def fixed(spec):
        kept = {
            key: value for key, value in spec.items() if key not in ("activeDeadlineSeconds", "tolerations", "nodeName")
        }
        kept["containers"] = [{k: v for k, v in one.items() if k != "image"} for one in spec.get("containers") or []]
        return kept

    if fixed(new) != fixed(old):
        causes.forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`, `spec.activeDeadlineSeconds`",
        )
