"""The way to the server from a process that has one: variables, connections, XComs."""

from __future__ import annotations

from typing import Any

from airflow._runtime.wire import CallError, Channel

_channel: Channel | None = None
_masked: set[str] = set()


def set_channel(channel: Channel | None) -> None:
    """Say where calls go."""
    global _channel
    _channel = channel


def available() -> bool:
    """Whether there is a server to ask."""
    return _channel is not None


def call(method: str, **arguments: Any) -> Any:
    """Ask the server; None stands for an argument that is left out (but ``value`` may be null)."""
    if _channel is None:
        raise CallError("unavailable", "there is no server to ask in this process")
    given = {name: value for name, value in arguments.items() if value is not None or name == "value"}
    return _channel.call(method, **given)


def call_or_none(method: str, **arguments: Any) -> Any:
    """Like :func:`call`; None if there is no such thing."""
    try:
        return call(method, **arguments)
    except CallError as error:
        if error.code == "not_found":
            return None
        raise


def send(message: dict[str, Any]) -> None:
    """Tell the server something."""
    if _channel is not None:
        _channel.send(message)


def mask(*values: Any) -> None:
    """Keep texts out of logs from here on."""
    from airflow._runtime.secrets import worth_masking

    new = sorted({text for value in values for text in worth_masking(value)} - _masked)
    if new:
        _masked.update(new)
        if _channel is not None:
            _channel.send({"type": "mask", "values": new})


def masked(text: str) -> str:
    """The text with ``***`` in the place of secrets."""
    for secret in sorted(_masked, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, "***")
    return text


def known_masks() -> set[str]:
    """The texts that are hidden."""
    return set(_masked)


def has_masks() -> bool:
    """Whether there are secrets to hide."""
    return bool(_masked)
