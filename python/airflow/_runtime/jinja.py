"""The Jinja environments that templates are rendered in. Imported only when there is something to render."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nativetypes
import jinja2.sandbox


class _Environment(jinja2.sandbox.SandboxedEnvironment):
    """Attributes with one leading underscore are allowed, as in Airflow; dunder attributes are not."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return not jinja2.sandbox.is_internal_attribute(obj, attr)


class _NativeEnvironment(jinja2.nativetypes.NativeEnvironment, _Environment):
    """Renders to Python objects."""


def _day(value: dt.datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%d")


def _day_nodash(value: dt.datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y%m%d")


def _instant(value: dt.datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _instant_nodash(value: dt.datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y%m%dT%H%M%S")


def _instant_nodash_with_tz(value: dt.datetime | None) -> str | None:
    return None if value is None else value.isoformat().replace("-", "").replace(":", "")


FILTERS = {
    "ds": _day,
    "ds_nodash": _day_nodash,
    "ts": _instant,
    "ts_nodash": _instant_nodash,
    "ts_nodash_with_tz": _instant_nodash_with_tz,
}


def environment(
    searchpath: list[str],
    undefined: type[jinja2.Undefined] | None,
    kwargs: dict[str, Any] | None,
    macros: dict[str, Any] | None,
    filters: dict[str, Any] | None,
    *,
    native: bool,
) -> jinja2.Environment:
    """An environment with a DAG's own settings."""
    options: dict[str, Any] = {
        "loader": jinja2.FileSystemLoader(searchpath),
        "undefined": undefined or jinja2.StrictUndefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
    }
    options.update(kwargs or {})
    env = (_NativeEnvironment if native else _Environment)(**options)
    env.filters.update(FILTERS)
    if macros:
        env.globals.update(macros)
    if filters:
        env.filters.update(filters)
    return env


def render(env: jinja2.Environment, text: str, context: Mapping[str, Any], *, is_file: bool = False) -> Any:
    """Render a text or a file; the context's values are computed only if the template names them."""
    template = env.get_template(text) if is_file else env.from_string(text)
    if getattr(context, "is_lazy", False):
        # Template.render copies its context into a dict; a context of our own looks names up as they are used.
        jinja_context = env.context_class(env, _Parent(template.globals, context), template.name, template.blocks)
        try:
            if isinstance(env, jinja2.nativetypes.NativeEnvironment):
                return jinja2.nativetypes.native_concat(template.root_render_func(jinja_context))
            return env.concat(template.root_render_func(jinja_context))
        except Exception:
            env.handle_exception()
    return template.render(context)


class _Parent(dict[str, Any]):
    """The outer scope of a template: the task's context over the environment's globals."""

    def __init__(self, template_globals: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        super().__init__(template_globals)
        self.context = context

    def __contains__(self, key: object) -> bool:
        return key in self.context or super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        try:
            return self.context[key]
        except KeyError:
            return super().__getitem__(key)

    def __iter__(self) -> Any:
        # Overridden (with keys) so that dict(parent), which includes need, sees the task's names.
        return iter(self.keys())

    def keys(self) -> Any:
        return dict.fromkeys([*super().keys(), *self.context]).keys()


def explain(error: Exception, field: str, where: str) -> Exception:
    """The same kind of error, with the field and the task in its text."""
    message = f"can't render {field!r} {where}: {type(error).__name__}: {error}"
    from airflow.sdk.exceptions import AirflowException

    if isinstance(error, jinja2.TemplateNotFound):
        searched = f"template file {error.name!r} not found"
        return AirflowException(f"can't render {field!r} {where}: {searched}")
    if isinstance(error, jinja2.TemplateError):
        return AirflowException(message)
    return error if isinstance(error, AirflowException) else AirflowException(message)
