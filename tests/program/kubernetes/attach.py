"""attach.py KUBECONFIG CONTROL: the fake's attach, byte for byte as real API servers (1.34.9, 1.20.2) were seen to answer."""

import asyncio
import json
import os
import ssl
import sys

import aiohttp

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
MINOR = int(os.environ["FAKE_VERSION"].split(".")[1])


class Client:
    """Requests with the kubeconfig's token."""

    def __init__(self, session, path):
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        self.session = session
        self.server = config["clusters"][0]["cluster"]["server"]
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self.tls = ssl.create_default_context()
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    async def call(self, method, path, body=None):
        """The decoded answer."""
        request = self.session.request(method, self.server + path, json=body, headers=self.headers, ssl=self.tls)
        async with request as answer:
            return await answer.json()

    async def pod(self, name, command, **spec):
        """Creates a pod and waits until it has a phase other than Pending (unless it is not to run)."""
        container = {"name": "main", "image": "any", "command": command, "stdin": True, "stdinOnce": True}
        pod = {"metadata": {"name": name}, "spec": {"restartPolicy": "Never", "containers": [container], **spec}}
        await self.call("POST", "/api/v1/namespaces/default/pods", pod)
        return await self.until(name, lambda one: one["status"]["phase"] != "Pending" or "nodeSelector" in spec)

    async def until(self, name, condition):
        """Waits for the pod to be so."""
        for _ in range(400):
            pod = await self.call("GET", f"/api/v1/namespaces/default/pods/{name}")
            if condition(pod):
                return pod
            await asyncio.sleep(0.05)
        raise AssertionError(f"{name}: {pod['status']}")

    async def attach(self, name, protocols, streams="stdin=true&stdout=true&stderr=true"):
        """The WebSocket, or the status of the refusal with its body."""
        url = f"{self.server}/api/v1/namespaces/default/pods/{name}/attach?{streams}"
        try:
            return await self.session.ws_connect(
                url, protocols=protocols, headers=self.headers, ssl=self.tls, autoclose=False
            )
        except aiohttp.WSServerHandshakeError as error:
            return error.status


async def messages(socket):
    """All messages to the end, and the code of the close."""
    found = []
    while (message := await socket.receive()).type == aiohttp.WSMsgType.BINARY:
        found.append(message.data)
    return found, message.data


async def refusals(client):
    """What no handshake comes of."""
    assert await client.attach("nobody", [V4]) == 404
    await client.pod("nowhere", ["cat"], nodeSelector={"no": "such"})
    assert await client.attach("nowhere", [V4]) == 400
    await client.pod("waiting", ["cat"])
    assert await client.attach("waiting", ["other"]) == 403
    if MINOR < 30:
        assert await client.attach("waiting", [V5]) == 403


async def negotiation(client):
    """The newest that both know; the first message is empty, on channel 1, or on 3 without output."""
    expected = V5 if MINOR >= 30 else V4
    socket = await client.attach("waiting", [V4, V5])
    assert socket.protocol == expected, socket.protocol
    assert await socket.receive_bytes() == b"\x01"
    await socket.close()
    await client.pod("silent", ["cat"])
    socket = await client.attach("silent", [V4], "stdin=true")
    assert await socket.receive_bytes() == b"\x03"
    await socket.close()


async def whole(client):
    """Input, output on two streams, the end of the input, the Status and the close."""
    await client.pod("whole", ["sh", "-c", "cat; echo err >&2; exit 3"])
    socket = await client.attach("whole", [V5 if MINOR >= 30 else V4])
    await socket.send_bytes(b"\x00hello ")
    await socket.send_bytes(b"\x00")
    await socket.send_bytes(b"")
    await socket.send_bytes(b"\x00world\n")
    if MINOR >= 30:
        await socket.send_bytes(b"\xff\x00")
        found, code = await messages(socket)
        assert b"".join(one[1:] for one in found if one[0] == 1) == b"hello world\n", found
        assert b"".join(one[1:] for one in found if one[0] == 2) == b"err\n", found
        assert found[0] == b"\x01" and found[-1][0] == 3, found
        # Success although the exit code was 3: that is in the pod's status alone.
        assert json.loads(found[-1][1:]) == {"metadata": {}, "status": "Success"}, found
        assert code == 1000, code
    else:
        # No half-close: the end of the connection is the end of the input.
        await socket.close()
    pod = await client.until("whole", lambda one: one["status"]["phase"] == "Failed")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3
    # After the end there is nothing to attach to; that is said after the handshake.
    socket = await client.attach("whole", [V4])
    found, _ = await messages(socket)
    assert json.loads(found[-1][1:])["status"] == "Failure", found


async def fragments(client):
    """A continuation frame is a message of its own: its first byte is a channel, as a real server takes it."""
    await client.pod("fragments", ["cat"])
    socket = await client.attach("fragments", [V4])
    assert await socket.receive_bytes() == b"\x01"
    transport = socket._response.connection.transport  # pylint: disable=protected-access
    # Not masked in effect: the mask is zero. The second frame begins with the letter f, which is no channel.
    transport.write(b"\x02\x86\0\0\0\0\x00whole" + b"\x80\x84\0\0\0\0four")
    found, _ = await messages(socket)
    assert b"".join(one[1:] for one in found if one[0] == 1) in (b"", b"whole"), found


async def broken(client, control):
    """A stream that breaks ends without a close frame and without a Status."""
    await client.pod("broken", ["cat"])
    socket = await client.attach("broken", [V4])
    assert await socket.receive_bytes() == b"\x01"
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(control)) as session:
        async with session.post("http://fake/drop", json={"pod": "broken"}) as answer:
            assert (await answer.json())["dropped"] == 1
    message = await socket.receive()
    assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR), message
    # stdinOnce: the first attach was the last.
    await client.until("broken", lambda one: one["status"]["phase"] == "Succeeded")


async def main():
    """All of it, one after the other."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, sys.argv[1])
        await refusals(client)
        await negotiation(client)
        await whole(client)
        await fragments(client)
        await broken(client, sys.argv[2])


asyncio.run(main())
