"""RFC 6455 on the server's side, as golang.org/x/net/websocket does it: a frame is a message.

aiohttp would join the frames of a message again, and so hide what a real API server makes of a fragmented message: each continuation
frame is a message of its own, whose first byte is taken for a channel.
"""

import asyncio
import base64
import contextlib
import hashlib
import struct

from aiohttp import web

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAX_FRAME = 32 * 1024 * 1024
# Frames that wait to be handled before the client is told to wait.
_QUEUED = 16


def break_off(transport):
    """Ends a connection as a network or a dying server does: without a word, whatever state it is in."""
    # A transport of TLS whose connection has been lost knows no protocol any more.
    with contextlib.suppress(AttributeError):
        if transport is not None:
            transport.abort()


class Closed(Exception):
    """The connection is over: with a close frame (code) or without one (None)."""

    def __init__(self, code=None):
        super().__init__(code)
        self.code = code


class _Switching(web.StreamResponse):
    """101 and nothing else: aiohttp would announce chunks, and send the last one at the end."""

    _length_check = False

    async def write_eof(self, data=b""):
        """The end has been sent as a frame."""


class WebSocket:
    """One connection after its handshake. aiohttp hands the bytes over by feed_data()."""

    def __init__(self, request, protocol):
        self._request = request
        self._protocol = protocol
        self._transport = None
        self._buffer = bytearray()
        self._frames = asyncio.Queue()
        self._paused = False
        self._over = False

    async def accept(self):
        """Answers 101 and takes the connection over."""
        headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
        key = self._request.headers.get("Sec-WebSocket-Key", "")
        headers["Sec-WebSocket-Accept"] = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
        if self._protocol:
            headers["Sec-WebSocket-Protocol"] = self._protocol
        response = _Switching(status=101, headers=headers)
        response.force_close()
        await response.prepare(self._request)
        self._transport = self._request.transport
        self._request.protocol.set_parser(self)
        return response

    # aiohttp's parser interface.

    def feed_eof(self):
        """The client closed the connection."""
        if not self._over:
            self._over = True
            self._frames.put_nowait(None)

    def set_exception(self, _error, *_cause):
        """The connection broke."""
        self.feed_eof()

    def feed_data(self, data):
        """Takes bytes in; returns (end, rest) as aiohttp's parsers do."""
        self._buffer += data
        while (frame := self._parse()) is not None:
            self._frames.put_nowait(frame)
        if self._frames.qsize() > _QUEUED and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        return False, b""

    def _parse(self):
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        opcode, length, at = buffer[0] & 15, buffer[1] & 127, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            length, at = struct.unpack_from(">H", buffer, 2)[0], 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            length, at = struct.unpack_from(">Q", buffer, 2)[0], 10
        if length > MAX_FRAME or not buffer[1] & 128 or buffer[0] & 0x70:
            # Too long, not masked as a client's must be, or an extension that nobody agreed on.
            self.feed_eof()
            buffer.clear()
            return None
        if len(buffer) < at + 4 + length:
            return None
        mask = bytes(buffer[at : at + 4])
        data = bytes(buffer[at + 4 : at + 4 + length])
        del buffer[: at + 4 + length]
        if length:
            key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
            data = (int.from_bytes(data, "big") ^ key).to_bytes(length, "big")
        return opcode, data

    # What handlers use.

    async def receive(self):
        """The payload of the next data frame; raises Closed."""
        while True:
            frame = await self._frames.get()
            if self._paused and self._frames.qsize() <= _QUEUED // 2:
                self._paused = False
                self._transport.resume_reading()
            if frame is None:
                raise Closed
            opcode, data = frame
            if opcode == CLOSE:
                raise Closed(struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 1005)
            if opcode == PING:
                await self._send(PONG, data)
            elif opcode in (BINARY, TEXT, CONTINUATION):
                return data

    async def send(self, data):
        """Sends one binary frame; waits while the client does not read. Raises Closed."""
        await self._send(BINARY, data)

    async def _send(self, opcode, data):
        if self._over or self._transport is None or self._transport.is_closing():
            raise Closed
        head = bytes([128 | opcode])
        if len(data) < 126:
            head += bytes([len(data)])
        elif len(data) < 65536:
            head += struct.pack(">BH", 126, len(data))
        else:
            head += struct.pack(">BQ", 127, len(data))
        self._transport.write(head + data)
        try:
            await self._request.protocol._drain_helper()  # pylint: disable=protected-access
        except (ConnectionError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not self._over:
                raise
            raise Closed from error

    async def close(self, code=1000):
        """Sends a close frame and closes the connection."""
        if self._transport is None or self._transport.is_closing():
            return
        try:
            await self._send(CLOSE, struct.pack(">H", code))
        except Closed:
            return
        self._transport.close()

    def abort(self):
        """Breaks the connection as a network or a dying server does."""
        self._over = True
        break_off(self._transport)
        self._frames.put_nowait(None)
