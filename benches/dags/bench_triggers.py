"""A trigger that does nothing but wait, in Python."""

import asyncio

from airflow.triggers.base import BaseTrigger, TriggerEvent


class Sleeps(BaseTrigger):
    """Wakes now and then, as one does that polls something."""

    def serialize(self):
        return "bench_triggers.Sleeps", {}

    async def run(self):
        while True:
            await asyncio.sleep(60)
        yield TriggerEvent(None)
