"""Notifiers: callbacks with templated attributes."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.definitions._internal.templater import Templater

_SLA_ARGUMENTS = ("dag", "task_list", "blocking_task_list", "slas", "blocking_tis")


class BaseNotifier(Templater):
    """An object to pass as a callback; ``notify`` sends the message."""

    template_fields: Any = ()
    template_ext: Any = ()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.dag: Any = None
        self.context: Any = kwargs.get("context") or {}

    @property
    def log(self) -> logging.Logger:
        """The notifier's logger."""
        return logging.getLogger(f"airflow.task.notifiers.{type(self).__module__}.{type(self).__qualname__}")

    def get_dag(self) -> Any:
        """The DAG whose settings templates use."""
        return self.dag

    def notify(self, context: Any) -> None:
        """Send the message."""
        raise NotImplementedError(f"{type(self).__name__} has no notify method")

    async def async_notify(self, context: Any) -> None:
        """Send the message, in a coroutine."""
        raise NotImplementedError(f"{type(self).__name__} has no async_notify method")

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Render the attributes named in ``template_fields``, in place."""
        dag = context.get("dag")
        if dag is not None:
            self.dag = dag
        self._do_render_template_fields(self, self.template_fields, context, jinja_env, set())

    def notify_now(self, context: Any) -> None:
        """Render and send."""
        self.context = context
        self.render_template_fields(context)
        self.notify(context)

    async def notify_async(self, context: Any) -> None:
        """Render and send in a coroutine, if the notifier can."""
        self.context = context
        self.render_template_fields(context)
        if type(self).async_notify is BaseNotifier.async_notify:
            self.notify(context)
        else:
            await self.async_notify(context)

    def __await__(self) -> Any:
        return self.notify_async(self.context).__await__()

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        """As a callback: with a context, or with the five arguments of ``sla_miss_callback``."""
        if len(args) == len(_SLA_ARGUMENTS):
            context: Any = dict(zip(_SLA_ARGUMENTS, args))
        else:
            context = kwargs.get("context") if "context" in kwargs else (args[0] if args else kwargs)
        try:
            self.notify_now(context)
        except Exception:
            self.log.exception("Failed to send notification")
