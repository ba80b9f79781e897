"""Waiting for a trigger in this process: what ``dag.test()`` does where a triggerer would."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Any

log = logging.getLogger("airflow.triggerer")


def wait(deferral: dict[str, Any]) -> dict[str, Any]:
    """Run the trigger of a task that deferred until it says something.

    Answers ``{"resume": …}``, how the task goes on, or ``{"end": state, "xcoms": …}`` if the trigger ended it.
    """
    from airflow._runtime.triggers import _make, _outcome

    async def first() -> Any:
        trigger = _make({"id": 0, "classpath": deferral["classpath"], "kwargs": deferral["kwargs"]})
        events = trigger.run()
        try:
            async for event in events:
                return event
            return None
        finally:
            await events.aclose()
            await trigger.cleanup()

    async def within(timeout: float | None) -> Any:
        return await asyncio.wait_for(first(), timeout)

    try:
        event = asyncio.run(within(deferral.get("timeout")))
    except (asyncio.TimeoutError, TimeoutError):
        return _failed("Trigger timeout", [])
    except Exception as error:
        log.exception("Trigger failed")
        lines = "".join(traceback.format_exception(type(error), error, error.__traceback__)).splitlines()
        return _failed("Trigger failure", lines)
    if event is None:
        return _failed("Trigger failure", ["Trigger exited without sending an event."])
    outcome = _outcome(event)
    if outcome["kind"] == "end":
        return {"end": outcome["state"], "xcoms": outcome["xcoms"]}
    kwargs = {**deferral["next_kwargs"], "event": outcome["payload"]}
    return {"resume": {"next_method": deferral["next_method"], "next_kwargs": kwargs}}


def _failed(error: str, lines: list[str]) -> dict[str, Any]:
    return {"resume": {"next_method": "__fail__", "next_kwargs": {"error": error, "traceback": lines}}}
