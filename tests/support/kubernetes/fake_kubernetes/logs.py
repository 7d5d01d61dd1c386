"""pods/log: what a container has written, and with follow what it goes on writing."""

import asyncio
import datetime
import time

from aiohttp import web

from .errors import ApiError
from .resources import PODS


def _true(query, name):
    return query.get(name, "").lower() in ("1", "true")


def _stamped(output):
    when = (
        datetime.datetime.fromtimestamp(output.time, datetime.timezone.utc)
        .strftime("%Y-%m-%dT%H:%M:%S.%f000Z ")
        .encode()
    )
    return b"".join(when + line for line in output.data.splitlines(keepends=True))


async def serve(cluster, request, namespace, name):
    """Answers GET pods/NAME/log."""
    pod = cluster.store.get(PODS, namespace, name)
    query = request.query
    names = [one["name"] for one in (pod["spec"].get("initContainers") or []) + pod["spec"]["containers"]]
    if not query.get("container") and len(pod["spec"]["containers"]) > 1:
        raise ApiError(400, f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
    wanted = query.get("container") or pod["spec"]["containers"][0]["name"]
    if wanted not in names:
        raise ApiError(400, f"container {wanted} is not valid for pod {name}")
    container = cluster.container(pod, wanted)
    if container is None:
        statuses = [
            *(pod["status"].get("initContainerStatuses") or []),
            *(pod["status"].get("containerStatuses") or []),
        ]
        state = next((one["state"] for one in statuses if one["name"] == wanted), {})
        reason = (state.get("waiting") or {}).get("reason", "ContainerCreating")
        raise ApiError(400, f'container "{wanted}" in pod "{name}" is waiting to start: {reason}')
    shape = _stamped if _true(query, "timestamps") else lambda output: output.data
    since = time.time() - float(query["sinceSeconds"]) if query.get("sinceSeconds") else 0
    text = b"".join(shape(output) for output in container.log if output.time >= since)
    if "tailLines" in query:
        count = int(query["tailLines"])
        text = b"".join(text.splitlines(keepends=True)[-count:]) if count else b""
    if query.get("limitBytes"):
        text = text[: int(query["limitBytes"])]
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    await response.write(text)
    if _true(query, "follow") and not container.finished.is_set():

        async def sink(_stream, data):
            await response.write(data)

        container.sinks.add(sink)
        try:
            await container.finished.wait()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            container.sinks.discard(sink)
    return response
