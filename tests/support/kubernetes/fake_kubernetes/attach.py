"""pods/attach over WebSocket: v5.channel.k8s.io and v4.channel.k8s.io.

The first byte of each message is the channel: 0 stdin, 1 stdout, 2 stderr, 3 the Status at the end, 4 resize, 255 close (only v5: the
two bytes FF 00 are the end of stdin). Output from before the attach is not repeated. The Status says Success whatever the exit code
is. SPDY, which kubectl spoke alone until 1.29, is not there.
"""

import asyncio
import json

from aiohttp import web

from .errors import ApiError, not_found
from .resources import PODS
from .websocket import Closed, WebSocket

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE_CHANNEL = 0, 1, 2, 3, 4, 255
V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
SUCCESS = {"metadata": {}, "status": "Success"}


def _wants(query, name):
    return query.get(name, "").lower() in ("1", "true", "t")


def negotiate(offered, features):
    """The protocol that the server picks of those offered, None if it has none of them."""
    if V5 in offered and features.attach_v5:
        return V5
    for protocol in offered:
        if protocol in (V4, "channel.k8s.io"):
            return protocol
    return None if offered else ""


class Attaches:
    """The attaches that are open, so that a test can break them."""

    def __init__(self):
        self._open = {}

    def add(self, socket, pod):
        """Notes one."""
        self._open[socket] = pod

    def remove(self, socket):
        """It is over."""
        self._open.pop(socket, None)

    def drop(self, matches=lambda pod: True):
        """Breaks the connections of the pods that match; returns how many."""
        broken = [socket for socket, pod in self._open.items() if matches(pod)]
        for socket in broken:
            socket.abort()
        return len(broken)

    def count(self):
        """How many are open."""
        return len(self._open)


def _failure(message):
    return ApiError(500, f"Internal error occurred: {message}").status()


async def attach(cluster, attaches, request, namespace, name):
    """Serves one request for pods/NAME/attach."""
    pod = cluster.store.peek(PODS, namespace, name)
    if pod is None:
        raise not_found(PODS, name)
    query = request.query
    names = [one["name"] for one in pod["spec"]["containers"]]
    wanted = query.get("container") or names[0]
    if wanted not in names + [one["name"] for one in pod["spec"].get("initContainers") or []]:
        raise ApiError(400, f"container {wanted} is not valid for pod {name}")
    if not query.get("container") and len(names) > 1:
        raise ApiError(400, f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
    if not any(_wants(query, stream) for stream in ("stdin", "stdout", "stderr")):
        raise ApiError(400, "you must specify at least 1 of stdin, stdout, stderr")
    if not pod["spec"].get("nodeName"):
        raise ApiError(400, f"pod {name} does not have a host assigned")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise ApiError(400, "Upgrade request required")
    offered = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if part.strip()]
    protocol = negotiate(offered, cluster.features)
    if protocol is None:
        # As golang.org/x/net/websocket refuses a handshake.
        return web.Response(status=403)
    socket = WebSocket(request, protocol)
    response = await socket.accept()
    attaches.add(socket, pod)
    try:
        await _Session(cluster, socket, protocol, query, pod, wanted).run()
    finally:
        attaches.remove(socket)
    return response


class _Session:
    """One attach after the handshake."""

    def __init__(self, cluster, socket, protocol, query, pod, name):
        self._cluster = cluster
        self._socket = socket
        self._protocol = protocol
        self._query = query
        self._pod = pod
        self._container = cluster.container(pod, name)
        self._name = name
        self._stdin = _wants(query, "stdin")

    async def run(self):
        """Until the container or the connection ends."""
        first = next((c for c, n in ((STDOUT, "stdout"), (STDERR, "stderr")) if _wants(self._query, n)), ERROR)
        try:
            await self._socket.send(bytes([first]))
            if self._container is None or self._container.finished.is_set():
                metadata = self._pod["metadata"]
                message = f"unable to upgrade connection: container {self._name} not found in pod {metadata['name']}_{metadata['namespace']}"
                await self._end(_failure(message))
                return
            self._container.sinks.add(self._output)
            try:
                await self._both()
            finally:
                self._container.sinks.discard(self._output)
        except Closed:
            pass

    async def _both(self):
        container = self._container
        reading = asyncio.create_task(self._input())
        ending = asyncio.create_task(container.finished.wait())
        try:
            await asyncio.wait([reading, ending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, ending):
                task.cancel()
            if self._stdin and container.stdin_once:
                container.close_stdin()
        if container.finished.is_set():
            await self._end(SUCCESS)
        else:
            await self._socket.close()

    async def _end(self, status):
        if self._protocol != "channel.k8s.io":
            await self._socket.send(bytes([ERROR]) + json.dumps(status).encode())
        await self._socket.close()

    async def _output(self, stream, data):
        if not _wants(self._query, "stdout" if stream == 1 else "stderr"):
            return
        try:
            await self._socket.send(bytes([stream]) + data)
        except Closed:
            self._container.sinks.discard(self._output)

    async def _input(self):
        """Reads what the client sends; returns when the session is over for it."""
        try:
            while True:
                data = await self._socket.receive()
                if not data:
                    continue
                channel = data[0]
                if channel == CLOSE_CHANNEL and self._protocol == V5:
                    if len(data) != 2:
                        return
                    if data[1] == STDIN and self._stdin:
                        self._container.close_stdin()
                elif channel == STDIN and self._stdin:
                    if len(data) > 1:
                        await self._container.write(data[1:])
                elif channel not in (STDIN, RESIZE):
                    return
        except Closed:
            return
