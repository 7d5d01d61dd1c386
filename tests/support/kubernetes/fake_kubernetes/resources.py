"""The kinds of objects that the fake knows, and what discovery says of them."""

from dataclasses import dataclass, field

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    """One kind: where it is in the API and what can be done with it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    verbs: tuple = ALL_VERBS
    short: tuple = ()
    subresources: tuple = field(default=())
    categories: tuple = ()

    @property
    def singular(self):
        """As kubectl accepts it."""
        return self.kind.lower()

    @property
    def group_version(self):
        """batch/v1, or v1 for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def stored(self):
        """Whether there are objects of it; a review is only answered."""
        return "get" in self.verbs


RESOURCES = (
    Resource("", "v1", "namespaces", "Namespace", namespaced=False, short=("ns",)),
    Resource("", "v1", "nodes", "Node", namespaced=False, short=("no",), subresources=("status",)),
    Resource(
        "",
        "v1",
        "pods",
        "Pod",
        short=("po",),
        subresources=("attach", "eviction", "log", "status"),
        categories=("all",),
    ),
    Resource("", "v1", "configmaps", "ConfigMap", short=("cm",)),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "events", "Event", short=("ev",)),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", short=("sa",)),
    Resource("", "v1", "resourcequotas", "ResourceQuota", short=("quota",), subresources=("status",)),
    Resource("batch", "v1", "jobs", "Job", subresources=("status",), categories=("all",)),
    Resource(
        "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", False, verbs=("create",)
    ),
    Resource(
        "authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", False, verbs=("create",)
    ),
    Resource("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", False, verbs=("create",)),
)

_BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in RESOURCES}
_BY_PLURAL = {resource.plural: resource for resource in RESOURCES}
_BY_KIND = {(resource.group_version, resource.kind): resource for resource in RESOURCES}

NAMESPACES = _BY_PLURAL["namespaces"]
NODES = _BY_PLURAL["nodes"]
PODS = _BY_PLURAL["pods"]
CONFIG_MAPS = _BY_PLURAL["configmaps"]
SECRETS = _BY_PLURAL["secrets"]
EVENTS = _BY_PLURAL["events"]
SERVICE_ACCOUNTS = _BY_PLURAL["serviceaccounts"]
RESOURCE_QUOTAS = _BY_PLURAL["resourcequotas"]
JOBS = _BY_PLURAL["jobs"]


def find(group, version, plural):
    """The resource of a path, or None."""
    return _BY_PATH.get((group, version, plural))


def by_plural(plural):
    """The resource with that name, or None."""
    return _BY_PLURAL.get(plural)


def by_kind(group_version, kind):
    """The resource of an object, or None."""
    return _BY_KIND.get((group_version, kind))


def groups():
    """The named groups, with their versions."""
    found = {}
    for resource in RESOURCES:
        if resource.group:
            found.setdefault(resource.group, resource.version)
    return found


def resource_list(group, version):
    """The APIResourceList of a group and version, or None."""
    entries = []
    for resource in RESOURCES:
        if (resource.group, resource.version) != (group, version):
            continue
        entry = {
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(resource.verbs),
        }
        if resource.short:
            entry["shortNames"] = list(resource.short)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        entries.append(entry)
        kinds = {"attach": "PodAttachOptions", "eviction": "Eviction"}
        verbs = {"attach": ["create", "get"], "eviction": ["create"], "log": ["get"]}
        for subresource in resource.subresources:
            entries.append(
                {
                    "name": f"{resource.plural}/{subresource}",
                    "singularName": "",
                    "namespaced": resource.namespaced,
                    "kind": kinds.get(subresource, resource.kind),
                    "verbs": verbs.get(subresource, ["get", "patch", "update"]),
                }
            )
    if not entries:
        return None
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def open_api(group, version):
    """As much of an OpenAPI v3 document as tells kubectl that the server validates fields (fieldValidation)."""
    parameters = [{"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": True}}]
    parameters.append({"name": "dryRun", "in": "query", "schema": {"type": "string", "uniqueItems": True}})
    paths = {}
    for resource in RESOURCES:
        if (resource.group, resource.version) != (group, version):
            continue
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        if resource.namespaced:
            root += "/namespaces/{namespace}"
        kind = {"group": group, "version": version, "kind": resource.kind}
        operation = {"parameters": parameters, "x-kubernetes-group-version-kind": kind, "responses": {}}
        paths[f"{root}/{resource.plural}/{{name}}"] = {"patch": operation}
    if not paths:
        return None
    return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "fake"}, "paths": paths}
