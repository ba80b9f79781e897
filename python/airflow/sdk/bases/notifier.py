"""Notifiers: callbacks with templated attributes."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.definitions._internal.templater import Templater


class BaseNotifier(Templater):
    """An object to pass as a callback; ``notify`` sends the message."""

    template_fields: Any = ()
    template_ext: Any = ()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        self.dag: Any = None

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

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        context = kwargs.get("context") if "context" in kwargs else (args[0] if args else kwargs)
        self.render_template_fields(context)
        try:
            self.notify(context)
        except Exception:
            self.log.exception("Failed to send notification")
