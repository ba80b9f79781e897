"""Listeners: functions that are told of what happens to task instances and runs."""

from __future__ import annotations

from typing import Any


class _Marker:
    """Marks functions as implementations of a hook; what pluggy's marker of the name ``airflow`` does."""

    def __init__(self, project: str) -> None:
        self.project = project

    def __call__(
        self,
        function: Any = None,
        hookwrapper: bool = False,
        optionalhook: bool = False,
        tryfirst: bool = False,
        trylast: bool = False,
        specname: str | None = None,
        wrapper: bool = False,
    ) -> Any:
        options = {
            "hookwrapper": hookwrapper,
            "optionalhook": optionalhook,
            "tryfirst": tryfirst,
            "trylast": trylast,
            "specname": specname,
            "wrapper": wrapper,
        }

        def mark(target: Any) -> Any:
            setattr(target, f"{self.project}_impl", options)
            return target

        return mark if function is None else mark(function)


hookimpl = _Marker("airflow")

__all__ = ["hookimpl"]
