"""Rendering of templated attributes. jinja2 is loaded only when something looks like a template."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.types import ArgNotSet

if TYPE_CHECKING:
    import jinja2

    from airflow.sdk.definitions.dag import DAG


class LiteralValue:
    """Text that is not a template; see :func:`literal`."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"literal({self.value!r})"


def literal(value: Any) -> LiteralValue:
    """Keep ``value`` from being rendered."""
    return LiteralValue(value)


class Templater:
    """What has attributes that are templates: operators, notifiers, triggers."""

    template_fields: Collection[str] = ()
    template_ext: Collection[str] = ()

    def get_template_env(self, dag: DAG | None = None) -> jinja2.Environment:
        """The Jinja environment of the DAG, or one with the defaults."""
        if dag is None:
            dag = self.get_dag() if hasattr(self, "get_dag") else None
        if dag is not None:
            return dag.get_template_env(force_sandboxed=False)
        from airflow._runtime.jinja import environment

        return environment([], None, None, None, None, native=False)

    def prepare_template(self) -> None:
        """Hook: change templated attributes after files were read and before they are rendered."""

    def resolve_template_files(self) -> None:
        """Replace attributes that name a template file by its text, then call :meth:`prepare_template`."""
        if self.template_ext:
            endings = tuple(self.template_ext)
            for name in self.template_fields:
                content = getattr(self, name, None)
                if isinstance(content, str) and content.endswith(endings):
                    setattr(self, name, self._read_template(content, name))
                elif isinstance(content, list) and any(isinstance(i, str) and i.endswith(endings) for i in content):
                    setattr(
                        self,
                        name,
                        [
                            self._read_template(item, name)
                            if isinstance(item, str) and item.endswith(endings)
                            else item
                            for item in content
                        ],
                    )
        self.prepare_template()

    def _read_template(self, path: str, field: str) -> str:
        env = self.get_template_env()
        try:
            return env.loader.get_source(env, path)[0]  # type: ignore[union-attr]
        except Exception as error:
            from airflow._runtime.jinja import explain

            raise explain(error, field, f"of task {getattr(self, 'task_id', type(self).__name__)!r}") from error

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Mapping[str, Any],
        jinja_env: jinja2.Environment | None,
        seen_oids: set[int],
    ) -> None:
        for name in template_fields:
            try:
                value = getattr(parent, name)
            except AttributeError:
                raise AttributeError(
                    f"{name!r} is in template_fields of {type(parent).__name__}, which has no such attribute"
                ) from None
            if value is None or value == "" or value == [] or value == {}:
                continue
            try:
                rendered = self.render_template(value, context, jinja_env, seen_oids)
            except Exception as error:
                task_id = getattr(self, "task_id", None)
                where = f"of task {task_id!r}" if task_id else f"of {type(parent).__name__}"
                from airflow._runtime.jinja import explain

                raise explain(error, name, where) from error
            setattr(parent, name, rendered)

    def render_template(
        self,
        content: Any,
        context: Mapping[str, Any],
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render text, and text in containers and in objects that have ``template_fields``."""
        if content is None or isinstance(content, (bool, int, float)):
            return content
        if seen_oids is None:
            seen_oids = set()
        if id(content) in seen_oids:
            return content
        if isinstance(content, str):
            return self._render_text(content, context, jinja_env)
        if isinstance(content, LiteralValue):
            return content.value
        if isinstance(content, ArgNotSet):
            return content
        resolve = getattr(content, "resolve", None)
        if resolve is not None and getattr(content, "is_reference", False):
            return resolve(context)
        if isinstance(content, os.PathLike):
            rendered = self._render_text(os.fspath(content), context, jinja_env)
            return content if rendered == os.fspath(content) else type(content)(rendered)  # type: ignore[call-arg]
        if isinstance(content, tuple):
            items = [self.render_template(item, context, jinja_env, seen_oids) for item in content]
            return tuple(items) if type(content) is tuple else type(content)(*items)
        if isinstance(content, list):
            return [self.render_template(item, context, jinja_env, seen_oids) for item in content]
        if isinstance(content, dict):
            return {key: self.render_template(value, context, jinja_env, seen_oids) for key, value in content.items()}
        if isinstance(content, (set, frozenset)):
            return {self.render_template(item, context, jinja_env, seen_oids) for item in content}
        nested = getattr(content, "template_fields", None)
        seen_oids.add(id(content))
        if nested and not isinstance(content, type):
            self._do_render_template_fields(content, nested, context, jinja_env, seen_oids)
        return content

    def _render_text(self, text: str, context: Mapping[str, Any], jinja_env: jinja2.Environment | None) -> Any:
        is_file = bool(self.template_ext) and text.endswith(tuple(self.template_ext))
        if not is_file and jinja_env is None and not needs_jinja(text, self._template_dag()):
            return plain_text(text)
        env = jinja_env or self.get_template_env()
        from airflow._runtime.jinja import render

        return render(env, text, context, is_file=is_file)

    def _template_dag(self) -> DAG | None:
        return self.get_dag() if hasattr(self, "get_dag") else None


def needs_jinja(text: str, dag: DAG | None) -> bool:
    """Whether Jinja could make anything else of the text than :func:`plain_text` does."""
    if dag is not None and (dag.render_template_as_native_obj or dag.jinja_environment_kwargs):
        return True
    return "{" in text and ("{{" in text or "{%" in text or "{#" in text)


def plain_text(text: str) -> str:
    """What Jinja makes of a text without tags: one newline at the end goes, others become ``\\n``."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text[:-1] if text.endswith("\n") else text
