"""Frames: a 4-byte big-endian length and that many bytes of JSON, over a Unix stream socket."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct(">I")
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


class Closed(Exception):
    """The other side is gone."""


def frame(message: dict[str, Any]) -> bytes:
    """A message as bytes."""
    data = _encode(message).encode("utf-8", "replace")
    return _LENGTH.pack(len(data)) + data


class Channel:
    """Both directions of one socket, blocking."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray()
        self._last_call = 0

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; :class:`Closed` if nobody reads any more."""
        try:
            self.sock.sendall(frame(message))
        except OSError as error:
            raise Closed(str(error)) from None

    def receive(self) -> dict[str, Any]:
        """Wait for the next message; :class:`Closed` if there will be none."""
        while True:
            message = self.buffered()
            if message is not None:
                return message
            data = self.sock.recv(65536)
            if not data:
                raise Closed("the other side closed its socket")
            self._buffer += data

    def buffered(self) -> dict[str, Any] | None:
        """A message that is here already."""
        have = self._buffer
        if len(have) < 4:
            return None
        end = 4 + _LENGTH.unpack_from(have)[0]
        if len(have) < end:
            return None
        message: dict[str, Any] = json.loads(bytes(have[4:end]))
        del have[:end]
        return message

    def feed(self, data: bytes) -> None:
        """Take in bytes that somebody else received."""
        self._buffer += data

    def call(self, method: str, **arguments: Any) -> Any:
        """Ask for something and wait for the answer; :class:`CallError` if it is refused."""
        self._last_call += 1
        number = self._last_call
        self.send({"type": "call", "id": number, "method": method, **arguments})
        while True:
            reply = self.receive()
            if reply.get("type") == "reply" and reply.get("id") == number:
                if "error" in reply:
                    error = reply["error"]
                    raise CallError(error.get("code", "unknown"), error.get("message", ""))
                return reply.get("ok")


class CallError(Exception):
    """The answer to a call was no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message
