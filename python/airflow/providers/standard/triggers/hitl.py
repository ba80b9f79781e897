"""Waiting for a person's answer. Only its name counts: the server knows when the answer is there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypedDict

from airflow.triggers.base import BaseTrigger, TriggerEvent


class HITLTriggerEventSuccessPayload(TypedDict, total=False):
    """What the event says of an answer."""

    chosen_options: list[str]
    params_input: dict[str, dict[str, Any]]
    #: Who answered; None if nobody did and the defaults count.
    responded_by_user: dict[str, Any] | None
    responded_at: Any
    timedout: bool


class HITLTriggerEventFailurePayload(TypedDict):
    """What the event says if there is no answer that counts."""

    error: str
    #: ``timeout``, ``validation`` or ``unknown``.
    error_type: str


class HITLTrigger(BaseTrigger):
    """Fires when the question of a task instance was answered, or when nobody did in time."""

    def __init__(
        self,
        *,
        ti_id: Any,
        options: list[str],
        params: dict[str, dict[str, Any]],
        defaults: list[str] | None = None,
        multiple: bool = False,
        timeout_datetime: Any = None,
        poke_interval: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.ti_id = ti_id
        self.options = options
        self.params = params
        self.defaults = defaults
        self.multiple = multiple
        self.timeout_datetime = timeout_datetime
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The question."""
        return "airflow.providers.standard.triggers.hitl.HITLTrigger", {
            "ti_id": str(self.ti_id),
            "options": self.options,
            "defaults": self.defaults,
            "params": self.params,
            "multiple": self.multiple,
            "timeout_datetime": self.timeout_datetime,
            "poke_interval": self.poke_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Not here."""
        if self.poke_interval < 0:
            yield TriggerEvent(None)
        raise RuntimeError("a person's answer is waited for by the scheduler, never in a triggerer")
