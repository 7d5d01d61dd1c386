"""The HTTP of the API server: paths, verbs, lists, watches."""

import asyncio
import json
import time
import weakref

from aiohttp import web

from . import attach as attaching
from . import errors, faults, logs, patch, protobuf, reviews, tables, validation
from . import resources as known
from .errors import ApiError
from .job_controller import suffix
from .kubelet import set_condition
from .selectors import selector
from .websocket import break_off

MAX_BODY = 3 * 1024 * 1024


def answer(obj, code=200, headers=None):
    """An object as JSON."""
    return web.Response(body=json.dumps(obj).encode(), status=code, content_type="application/json", headers=headers)


class Target:
    """What a path is about."""

    def __init__(self, resource, namespace, name, subresource, watching=False):
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.subresource = subresource
        self.watching = watching


def parse(path):
    """The Target of a path, or None."""
    parts = path.strip("/").split("/")
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watching = rest[0] == "watch" and len(rest) > 1
    rest = rest[watching:]
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource = known.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace is not None and not resource.namespaced):
        return None
    name, subresource = (rest + ["", ""])[1:3]
    if subresource and subresource not in resource.subresources:
        return None
    return Target(resource, namespace, name, subresource, watching)


def route(path):
    """What is asked for, and the NAME in /k8s/clusters/NAME/..., behind which all is as without: so a proxy that leads to many
    clusters looks (Rancher's), and so one client is told from another."""
    parts = path.split("/", 4)
    if parts[1:3] == ["k8s", "clusters"] and len(parts) == 5:
        return f"/{parts[4]}", parts[3]
    return path, ""


class Api:
    """Serves requests."""

    def __init__(self, cluster, tokens, rights, schemas=None):
        self.cluster = cluster
        self.store = cluster.store
        self.tokens = tokens
        self.rights = rights
        self.schemas = schemas
        self.faults = faults.Faults()
        self.attaches = attaching.Attaches()
        self.requests = []
        self.posted = []
        self._connections = weakref.WeakSet()

    async def handle(self, request):
        """One request; every error is answered with a Status."""
        self._connections.add(request.transport)
        try:
            return await self._serve(request)
        except ApiError as error:
            return answer(error.status(), error.code, error.headers)
        except (faults.Broken, ConnectionError):
            break_off(request.transport)
            raise asyncio.CancelledError from None

    def drop_connections(self):
        """Every connection breaks."""
        for transport in self._connections:
            break_off(transport)
        self._connections.clear()

    async def _serve(self, request):
        user = self.tokens.user_of(request)
        path, through = route(request.path)
        if path == "/version":
            self._note(request, user, "get")
            later = await self.faults.meet("get", "version", "", through)
            if later is not None:
                later.come()
        if (found := self._discovery(path)) is not None:
            return found
        target = parse(path)
        if target is None:
            raise ApiError(404, "the server could not find the requested resource", details={})
        verb = self._verb(request, target)
        self._note(request, user, verb)
        named = target.resource.plural + (f"/{target.subresource}" if target.subresource else "")
        later = await self.faults.meet("attach" if target.subresource == "attach" else verb, named, target.name, through)
        if target.resource.stored:
            for needed in self._needed(verb, target):
                self.rights.check(user, needed, target.resource, target.subresource, target.namespace, target.name)
        streaming = verb == "watch" or target.subresource == "attach"
        if later is not None and (later.action == "close-stream" or streaming):
            asyncio.get_running_loop().call_later(
                later.seconds if later.seconds < 3600 else 0.1, break_off, request.transport
            )
        response = await self._carry_out(request, user, verb, target)
        if later is not None and not streaming:
            later.come()
        return response

    def _note(self, request, user, verb):
        self.requests.append(
            {
                "time": time.time(),
                "verb": verb,
                "path": request.path,
                "query": request.query_string,
                "user": user,
                "agent": request.headers.get("User-Agent", ""),
            }
        )

    def _needed(self, verb, target):
        if target.subresource == "attach" and self.cluster.features.attach_needs_create and verb == "get":
            return ("get", "create")
        return (verb,)

    @staticmethod
    def _verb(request, target):
        if request.method in ("GET", "HEAD"):
            if target.name:
                return "watch" if target.watching else "get"
            return "watch" if target.watching or request.query.get("watch", "").lower() in ("1", "true") else "list"
        if request.method == "DELETE":
            return "delete" if target.name else "deletecollection"
        verbs = {"POST": "create", "PUT": "update", "PATCH": "patch"}
        if request.method not in verbs or (request.method != "POST" and not target.name):
            raise ApiError(405, "the server does not allow this method on the requested resource")
        return verbs[request.method]

    # Discovery.

    def _discovery(self, path):
        path = path.rstrip("/") or "/"
        if path in ("/healthz", "/livez", "/readyz"):
            return web.Response(text="ok")
        if path == "/version":
            version = self.cluster.features.git_version
            major, minor = version[1:].split(".")[:2]
            return answer(
                {
                    "major": major,
                    "minor": minor,
                    "gitVersion": version,
                    "platform": "linux/amd64",
                    "gitCommit": "",
                    "gitTreeState": "clean",
                    "goVersion": "",
                    "buildDate": "",
                    "compiler": "gc",
                }
            )
        if path == "/api":
            return answer({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        if path == "/apis":
            return answer(
                {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*one) for one in known.groups().items()]}
            )
        if path == "/openapi/v2":
            # An empty document (a protobuf message without fields): kubectl then does not validate by itself.
            return web.Response(body=b"", content_type="application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        if path == "/openapi/v3" and self.cluster.features.minor >= 24:
            every = ["api/v1", *[f"apis/{group}/{version}" for group, version in known.groups().items()]]
            return answer({"paths": {one: {"serverRelativeURL": f"/openapi/v3/{one}"} for one in every}})
        parts = path.strip("/").split("/")
        if parts[:2] == ["openapi", "v3"] and self.cluster.features.minor >= 24:
            document = known.open_api(parts[3] if len(parts) == 5 else "", parts[-1])
            return answer(document) if document else None
        if parts[:1] == ["apis"] and len(parts) == 2 and parts[1] in known.groups():
            return answer(_group(parts[1], known.groups()[parts[1]]) | {"kind": "APIGroup", "apiVersion": "v1"})
        if parts[:1] == ["api"] and len(parts) == 2:
            found = known.resource_list("", parts[1])
        elif parts[:1] == ["apis"] and len(parts) == 3:
            found = known.resource_list(parts[1], parts[2])
        else:
            return None
        return answer(found) if found else None

    # Verbs.

    async def _carry_out(self, request, user, verb, target):
        resource = target.resource
        if not resource.stored:
            body = await self._object(request, resource)
            return answer(reviews.answer(resource, body, user, self.rights), 201)
        if target.subresource == "attach":
            return await attaching.attach(self.cluster, self.attaches, request, target.namespace, target.name)
        if target.subresource == "log":
            return await logs.serve(self.cluster, request, target.namespace, target.name)
        if target.subresource == "eviction":
            return await self._evict(request, target)
        if verb == "watch":
            return await self._watch(request, target)
        if verb == "list":
            return self._list(request, target)
        if verb == "get":
            obj = self.store.get(resource, target.namespace, target.name)
            return answer(tables.maybe(request, resource, [obj]) or obj)
        if verb == "create":
            return await self._create(request, target)
        if verb in ("update", "patch"):
            return await self._change(request, verb, target)
        return await self._delete(request, verb, target)

    async def _body(self, request):
        if (request.content_length or 0) > MAX_BODY:
            raise ApiError(413, f"Request entity too large: limit is {MAX_BODY}")
        body = await request.content.read(-1)
        if len(body) > MAX_BODY:
            raise ApiError(413, f"Request entity too large: limit is {MAX_BODY}")
        return body

    async def _object(self, request, resource):
        return self._decoded(request, resource, await self._parsed(request))

    async def _parsed(self, request):
        """The body of a request, {} if it has none."""
        kind = request.content_type
        if kind not in ("application/json", "application/octet-stream", protobuf.CONTENT_TYPE):
            raise ApiError(
                415,
                f"the body of the request was in an unknown format - accepted media types include: application/json, not {kind}",
            )
        body = await self._body(request)
        try:
            if kind == protobuf.CONTENT_TYPE and body:
                return protobuf.decode(body)
            return json.loads(body) if body.strip() else {}
        except ValueError as error:
            raise ApiError(400, f"couldn't get version/kind; json parse error: {error}") from error

    def _decoded(self, request, resource, obj):
        if not isinstance(obj, dict):
            raise ApiError(400, "couldn't get version/kind; json parse error: cannot unmarshal into Go value")
        for field, wanted in (("apiVersion", resource.group_version), ("kind", resource.kind)):
            if obj.setdefault(field, wanted) != wanted:
                raise ApiError(
                    400,
                    f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {field} is {obj[field]}',
                )
        if not isinstance(obj.setdefault("metadata", {}), dict):
            raise ApiError(400, "json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta")
        gone = self.cluster.features.drop(resource, obj)
        if gone and request.query.get("fieldValidation") == "Strict" and self.cluster.features.field_validation:
            told = ", ".join(f'unknown field "{path}"' for path in gone)
            raise ApiError(
                400,
                f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: strict decoding error: {told}',
            )
        if self.schemas is not None:
            self.schemas.check(resource, obj)
        return obj

    async def _create(self, request, target):
        resource = target.resource
        obj = await self._object(request, resource)
        self.posted.append(json.loads(json.dumps(obj)))
        metadata = obj["metadata"]
        if target.name:
            raise ApiError(405, "the server does not allow this method on the requested resource")
        if resource.namespaced:
            if target.namespace is None:
                raise ApiError(405, "the server does not allow this method on the requested resource")
            if metadata.setdefault("namespace", target.namespace) != target.namespace:
                raise ApiError(
                    400, "the namespace of the provided object does not match the namespace sent on the request"
                )
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + suffix()
        for field in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"):
            if field == "resourceVersion" and metadata.get(field):
                raise ApiError(400, "resourceVersion should not be set on objects to be created")
            metadata.pop(field, None)
        if request.query.get("dryRun"):
            validation.on_create(resource, obj, self.cluster.features)
            return answer(obj, 201)
        created = self.cluster.admit_and_create(resource, obj)
        return answer(tables.maybe(request, resource, [created]) or created, 201)

    async def _change(self, request, verb, target):
        resource = target.resource
        old = self.store.get(resource, target.namespace, target.name)
        if verb == "update":
            new = await self._object(request, resource)
            if new["metadata"].get("name") != target.name:
                raise ApiError(400, "the name of the object does not match the name on the URL")
        else:
            body = await self._body(request)
            try:
                new = patch.apply(old, body, request.content_type)
            except ValueError as error:
                raise ApiError(400, f"error decoding patch: {error}") from error
            new = self._decoded(request, resource, new)
        new["metadata"]["namespace"] = old["metadata"].get("namespace")
        if new["metadata"]["namespace"] is None:
            del new["metadata"]["namespace"]
        if target.subresource == "status":
            new = {
                **old,
                "status": new.get("status", {}),
                "metadata": {**old["metadata"], "resourceVersion": new["metadata"].get("resourceVersion")},
            }
        elif "status" in old:
            new["status"] = old["status"]
        if target.subresource != "status":
            validation.on_update(resource, new, old, self.cluster.features)
        changed = self.store.update(resource, new)
        self.cluster.collector.settle(resource, target.namespace, target.name)
        return answer(changed)

    async def _delete_options(self, request):
        options = await self._parsed(request)
        if "gracePeriodSeconds" in request.query:
            options["gracePeriodSeconds"] = int(request.query["gracePeriodSeconds"])
        if "propagationPolicy" in request.query:
            options["propagationPolicy"] = request.query["propagationPolicy"]
        return options

    async def _delete(self, request, verb, target):
        options = await self._delete_options(request)
        resource = target.resource
        headers = {}
        if (
            resource is known.JOBS
            and "propagationPolicy" not in options
            and "orphanDependents" not in options
            and self.cluster.features.minor >= 23
        ):
            headers["Warning"] = (
                '299 - "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them '
                'or set propagationPolicy=Orphan to suppress this warning"'
            )
        if verb == "delete":
            obj, gone = self.cluster.collector.delete(resource, target.namespace, target.name, options)
            if gone and resource is not known.PODS:
                details = {"name": target.name, "kind": resource.plural, "uid": obj["metadata"]["uid"]} | (
                    {"group": resource.group} if resource.group else {}
                )
                return answer(
                    {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details},
                    headers=headers,
                )
            return answer(obj, headers=headers)
        matches = selector(resource, request.query.get("labelSelector"), request.query.get("fieldSelector"))
        found = self.store.list(resource, target.namespace, matches)
        for obj in found:
            self.cluster.collector.delete(resource, obj["metadata"].get("namespace"), obj["metadata"]["name"], options)
        return answer(self._as_list(resource, found), headers=headers)

    async def _evict(self, request, target):
        pod = self.store.get(known.PODS, target.namespace, target.name)
        body = json.loads(await self._body(request) or b"{}")
        if self.cluster.features.disruption_conditions:
            said = "Eviction API: evicting"
            self.store.modify(
                known.PODS,
                target.namespace,
                target.name,
                lambda new: set_condition(new, "DisruptionTarget", "True", "EvictionByEvictionAPI", said),
            )
        self.cluster.collector.delete(
            known.PODS, target.namespace, pod["metadata"]["name"], body.get("deleteOptions") or {}
        )
        return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 201)

    # Lists and watches.

    def _as_list(self, resource, objects):
        return {
            "kind": f"{resource.kind}List",
            "apiVersion": resource.group_version,
            "metadata": {"resourceVersion": str(self.store.version)},
            "items": [
                {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in objects
            ],
        }

    def _list(self, request, target):
        matches = selector(target.resource, request.query.get("labelSelector"), request.query.get("fieldSelector"))
        found = self.store.list(target.resource, target.namespace, matches)
        if table := tables.maybe(request, target.resource, found, str(self.store.version)):
            return answer(table)
        whole = self._as_list(target.resource, found)
        limit = int(request.query.get("limit") or 0)
        start = int(request.query.get("continue") or 0)
        if limit and len(whole["items"]) > start + limit:
            whole["metadata"]["continue"] = str(start + limit)
            whole["metadata"]["remainingItemCount"] = len(whole["items"]) - start - limit
        if limit or start:
            whole["items"] = whole["items"][start : start + limit if limit else None]
        return answer(whole)

    async def _watch(self, request, target):
        query = request.query
        fields = query.get("fieldSelector")
        if target.name:
            fields = f"metadata.name={target.name}"
        matches = selector(target.resource, query.get("labelSelector"), fields)
        version = query.get("resourceVersion", "")
        initial = query.get("sendInitialEvents", "").lower() in ("1", "true") and self.cluster.features.minor >= 27
        if initial and not self.cluster.features.watch_list:
            why = [
                (
                    "sendInitialEvents",
                    "Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
                )
            ]
            raise errors.invalid(target.resource, "", why)
        queue = self.store.watch()
        try:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            watching = _Watch(self, request, response, target, matches)
            try:
                if initial or version in ("", "0"):
                    first = [("ADDED", obj) for obj in self.store.list(target.resource, target.namespace, matches)]
                else:
                    first = [pair for change in self.store.since(int(version)) if (pair := watching.seen(change))]
            except ApiError as error:
                await watching.send("ERROR", error.status())
                return response
            await watching.run(queue, first, initial)
            return response
        finally:
            self.store.unwatch(queue)


def _group(name, version):
    one = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [one], "preferredVersion": one}


class _Watch:
    """One open watch."""

    def __init__(self, api, request, response, target, matches):
        self._api = api
        self._request = request
        self._response = response
        self._target = target
        self._matches = matches

    def seen(self, change):
        """(type, object) of a change as this watch sees it, None if it does not."""
        if change.resource is not self._target.resource:
            return None
        if self._target.namespace not in (None, change.obj["metadata"].get("namespace")):
            return None
        now = change.type != "DELETED" and self._matches(change.obj)
        before = change.old is not None and self._matches(change.old)
        if now:
            return ("MODIFIED" if before else "ADDED", change.obj)
        return ("DELETED", change.obj) if before else None

    async def send(self, kind, obj):
        """One line."""
        if kind in ("ADDED", "MODIFIED", "DELETED"):
            obj = tables.maybe(self._request, self._target.resource, [obj]) or obj
        await self._response.write(json.dumps({"type": kind, "object": obj}).encode() + b"\n")

    async def _bookmark(self, annotations=None):
        resource = self._target.resource
        mark = {"resourceVersion": str(self._api.store.version), "creationTimestamp": None}
        if annotations:
            mark["annotations"] = annotations
        await self.send("BOOKMARK", {"kind": resource.kind, "apiVersion": resource.group_version, "metadata": mark})

    async def run(self, queue, first, initial):
        """Until the time is over, the client is gone, or the watch is expired."""
        options = self._api.cluster.options
        limit = self._request.query.get("timeoutSeconds")
        end = time.monotonic() + (float(limit) if limit and limit != "0" else 1800)
        bookmarks = self._request.query.get("allowWatchBookmarks", "").lower() in ("1", "true")
        next_bookmark = time.monotonic() + options.bookmarks
        for kind, obj in first:
            await self.send(kind, obj)
        if initial:
            await self._bookmark({"k8s.io/initial-events-end": "true"})
        while (left := min(end, next_bookmark) - time.monotonic()) > 0 or time.monotonic() < end:
            try:
                change = await asyncio.wait_for(queue.get(), max(left, 0.001))
            except asyncio.TimeoutError:
                if bookmarks and time.monotonic() >= next_bookmark:
                    await self._bookmark()
                if time.monotonic() >= next_bookmark:
                    next_bookmark = time.monotonic() + options.bookmarks
                continue
            if change is None:
                await self.send("ERROR", errors.expired("too old resource version").status())
                return
            if pair := self.seen(change):
                await self.send(*pair)
