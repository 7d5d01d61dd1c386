"""The volumes of a pod, as directories of the machine that can be mounted into containers."""

import base64
import os

from .resources import CONFIG_MAPS, SECRETS


class MountError(Exception):
    """A volume that cannot be made yet; the words are those of the kubelet's FailedMount event."""


def _files(store, namespace, resource, name, source):
    """{path: (bytes, mode)} of a ConfigMap or Secret."""
    obj = store.peek(resource, namespace, name)
    kind = resource.plural[:-1]
    if obj is None:
        if source.get("optional"):
            return {}
        raise MountError(f'{kind} "{name}" not found')
    found = {}
    if resource is CONFIG_MAPS:
        found = {key: value.encode() for key, value in (obj.get("data") or {}).items()}
        found |= {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    else:
        found = {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
    default = source.get("defaultMode", 0o644)
    if not source.get("items"):
        return {key: (data, default) for key, data in found.items()}
    wanted = {}
    for item in source["items"]:
        if item["key"] not in found:
            raise MountError(f"{kind} references non-existent config key: {item['key']}")
        wanted[item["path"]] = (found[item["key"]], item.get("mode", default))
    return wanted


def _write(directory, files):
    os.makedirs(directory, exist_ok=True)
    for path, (data, mode) in files.items():
        where = os.path.join(directory, path)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with open(where, "wb") as file:
            file.write(data)
        os.chmod(where, mode)


def make(store, images, pod, volume, directory):
    """Makes the volume below the directory and returns (its path, whether it may only be read)."""
    namespace = pod["metadata"]["namespace"]
    path = os.path.join(directory, volume["name"])
    if "configMap" in volume or "secret" in volume:
        if "configMap" in volume:
            source = volume["configMap"]
            files = _files(store, namespace, CONFIG_MAPS, source.get("name"), source)
        else:
            source = volume["secret"]
            files = _files(store, namespace, SECRETS, source.get("secretName"), source)
        _write(path, files)
        return path, True
    if "projected" in volume:
        default = {"defaultMode": volume["projected"].get("defaultMode", 0o644)}
        for source in volume["projected"].get("sources") or []:
            for kind, resource in (("configMap", CONFIG_MAPS), ("secret", SECRETS)):
                if kind in source:
                    _write(path, _files(store, namespace, resource, source[kind].get("name"), default | source[kind]))
        return path, True
    if "emptyDir" in volume:
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o777)
        group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
        if group is not None:
            os.chown(path, 0, group)
            os.chmod(path, 0o2777)
        return path, False
    if "hostPath" in volume:
        kind = volume["hostPath"].get("type", "")
        where = volume["hostPath"]["path"]
        if kind == "DirectoryOrCreate" or (not kind and not os.path.exists(where)):
            os.makedirs(where, exist_ok=True)
        if not os.path.exists(where):
            raise MountError(f"hostPath type check failed: {where} is not a {kind.lower() or 'path'}")
        return where, False
    if "image" in volume:
        reference = volume["image"].get("reference", "")
        if reference not in images:
            raise MountError(f'failed to pull image "{reference}": not found')
        return images[reference], True
    raise MountError(f"the fake has no volumes like {volume}")


def make_service_account(directory, token, authority, namespace):
    """What is mounted at /var/run/secrets/kubernetes.io/serviceaccount."""
    path = os.path.join(directory, "service-account")
    files = {"token": token.encode(), "ca.crt": authority, "namespace": namespace.encode()}
    _write(path, {name: (data, 0o644) for name, data in files.items()})
    return path


def values(store, namespace, resource, reference):
    """The entries of a ConfigMap or Secret as text, for envFrom."""
    files = _files(store, namespace, resource, reference.get("name"), {"optional": reference.get("optional", False)})
    return {key: data.decode(errors="replace") for key, (data, _) in files.items()}


def _field(pod, path):
    """What a fieldRef says: metadata.name, metadata.labels['x'], spec.nodeName, status.podIP, ..."""
    for part in ("labels", "annotations"):
        start = f"metadata.{part}['"
        if path.startswith(start) and path.endswith("']"):
            return (pod["metadata"].get(part) or {}).get(path[len(start) : -2], "")
    value = pod
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def value_from(store, pod, source):
    """The value of a variable with valueFrom, None if it is optional and missing."""
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return "1"
    for kind, resource in (("configMapKeyRef", CONFIG_MAPS), ("secretKeyRef", SECRETS)):
        if kind in source:
            reference = source[kind]
            found = values(store, pod["metadata"]["namespace"], resource, reference)
            if reference["key"] in found:
                return found[reference["key"]]
            if reference.get("optional"):
                return None
            raise MountError(
                f"couldn't find key {reference['key']} in {resource.kind} {pod['metadata']['namespace']}/{reference.get('name')}"
            )
    return None
