"""Calling a Python function in another interpreter: arguments and result go through files."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import textwrap
import types
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

HOME = "airflow.providers.standard.operators.python"
SERIALIZERS = ("pickle", "cloudpickle", "dill")
# Keys of the context whose values any interpreter can read; those that take pendulum; those that take our package.
PLAIN_KEYS = """
    ds ds_nodash expanded_ti_count next_ds next_ds_nodash params prev_ds prev_ds_nodash run_id task_instance_key_str
    test_mode tomorrow_ds tomorrow_ds_nodash ts ts_nodash ts_nodash_with_tz try_number yesterday_ds yesterday_ds_nodash
    map_index_template templates_dict partition_key
""".split()
PENDULUM_KEYS = """
    data_interval_end data_interval_start execution_date logical_date next_execution_date
    prev_data_interval_end_success prev_data_interval_start_success prev_end_date_success prev_execution_date
    prev_execution_date_success prev_start_date_success partition_date
""".split()
AIRFLOW_KEYS = "conf dag dag_run inlets macros outlets task triggering_asset_events".split()


class InOtherInterpreter(PythonOperator):
    """What virtualenv and external Python have in common: arguments and result go through files."""

    __module__ = HOME

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        serializer: str | None = None,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        string_args: Iterable[str] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: list[str] | None = None,
        expect_airflow: bool = True,
        skip_on_exit_code: int | Container[int] | None = None,
        env_vars: dict[str, str] | None = None,
        inherit_env: bool = True,
        use_dill: bool = False,
        **kwargs: Any,
    ) -> None:
        kind = type(self).__name__
        if isinstance(python_callable, types.LambdaType) and python_callable.__name__ == "<lambda>":
            raise ValueError(f"{kind} only supports functions for python_callable arg: a lambda has no source to send")
        if not isinstance(python_callable, types.FunctionType):
            raise ValueError(f"{kind} only supports functions for python_callable arg")
        if inspect.isgeneratorfunction(python_callable) or inspect.iscoroutinefunction(python_callable):
            raise ValueError(f"{kind} takes a plain function; {python_callable.__name__} is a generator or a coroutine")
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            templates_dict=templates_dict,
            templates_exts=templates_exts,
            **kwargs,
        )
        if use_dill:
            if serializer not in (None, "dill"):
                raise AirflowException("Both 'use_dill' and 'serializer' parameters are set. Please, set only one")
            serializer = "dill"
        self.serializer = serializer or "pickle"
        if self.serializer not in SERIALIZERS:
            raise AirflowException(
                f"Unsupported serializer {serializer!r} of task {self.task_id!r}. Expected one of {SERIALIZERS}"
            )
        self.string_args = list(string_args or ())
        self.expect_airflow = expect_airflow
        if skip_on_exit_code is None or isinstance(skip_on_exit_code, Container):
            self.skip_on_exit_code: Container[int] = skip_on_exit_code or ()
        else:
            self.skip_on_exit_code = [skip_on_exit_code]
        self.env_vars = env_vars
        self.inherit_env = inherit_env
        self._process_env: dict[str, str] = {}

    @property
    def pickling_library(self) -> Any:
        """The module that reads and writes arguments and result."""
        return _serializer(self.serializer)

    def get_python_source(self) -> str:
        """The function's source, without its decorators."""
        lines = textwrap.dedent(inspect.getsource(self.python_callable)).splitlines(keepends=True)
        start = next(n for n, line in enumerate(lines) if line.lstrip().startswith("def "))
        return "".join(lines[start:])

    def _context_keys(self) -> list[str]:
        """Names of the context that the function may ask for."""
        raise NotImplementedError

    def determine_kwargs(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """The function's own arguments, and what it takes of the context that can be sent."""
        keys = self._context_keys()
        given = super().determine_kwargs(_Only(context, keys, self.op_kwargs))
        explicit = {
            name
            for name, p in inspect.signature(self.python_callable).parameters.items()
            if p.kind is not p.VAR_KEYWORD
        }
        sent: dict[str, Any] = {}
        for name, value in given.items():
            if name in self.op_kwargs or name not in keys:
                sent[name] = value
                continue
            value = _sendable(name, value)
            try:
                self.pickling_library.dumps(value)
            except Exception as error:
                if name in explicit:
                    raise AirflowException(
                        f"the context's {name!r} can't be sent to another interpreter with {self.serializer}: {error}"
                    ) from error
                continue  # one of all that ``**kwargs`` would take
            sent[name] = value
        return sent

    def _run(self, python: str, folder: Path) -> Any:
        """Run the function with an interpreter; files are made in a folder."""
        from airflow.providers.standard.utils.python_virtualenv import execute_in_subprocess, write_python_script

        paths = [folder / name for name in ("script.in", "script.out", "string_args.txt", "termination.log")]
        script = folder / "script.py"
        if self.op_args or self.op_kwargs:
            try:
                paths[0].write_bytes(
                    self.pickling_library.dumps({"args": list(self.op_args), "kwargs": dict(self.op_kwargs)})
                )
            except Exception as error:
                raise AirflowException(
                    f"the arguments of task {self.task_id!r} can't be sent with {self.serializer}: {error}"
                ) from error
        else:
            paths[0].write_bytes(b"")
        paths[2].write_text("\n".join(map(str, self.string_args)), encoding="utf-8")
        write_python_script(
            {
                "op_args": self.op_args,
                "op_kwargs": self.op_kwargs,
                "expect_airflow": self.expect_airflow,
                "pickling_library": self.serializer,
                "python_callable": self.python_callable.__name__,
                "python_callable_source": self.get_python_source(),
                "modified_dag_module_name": self.python_callable.__module__,
            },
            str(script),
        )
        try:
            execute_in_subprocess([python, str(script), *map(str, paths)], env=self._environment())
        except subprocess.CalledProcessError as error:
            if error.returncode in self.skip_on_exit_code:
                raise AirflowSkipException(f"Process exited with code {error.returncode}. Skipping.") from None
            said = paths[3].read_text(encoding="utf-8") if paths[3].exists() else ""
            message = f"Process returned non-zero exit status {error.returncode}."
            raise AirflowException(f"{message}\n{said}".rstrip()) from None
        if not paths[1].exists() or not paths[1].stat().st_size:
            return None
        with paths[1].open("rb") as file:
            try:
                return self.pickling_library.load(file)
            except Exception as error:
                raise AirflowException(
                    f"the result of task {self.task_id!r} can't be read with {self.serializer}: {error}"
                ) from error

    def _environment(self) -> dict[str, str]:
        env = {**os.environ} if self.inherit_env else {}
        env.update({name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CTX_")})
        env.pop("PYTHONHOME", None)
        path = self._python_path(env.get("PYTHONPATH", ""))
        if path:
            env["PYTHONPATH"] = path
        else:
            env.pop("PYTHONPATH", None)
        env.update(self.env_vars or {})
        return env

    def _python_path(self, before: str) -> str:
        """Where the interpreter looks for modules: our package is there only for those who expect it."""
        ours = os.path.dirname(os.path.dirname(sys.modules["airflow"].__file__ or ""))
        others = [part for part in before.split(os.pathsep) if part and os.path.abspath(part) != os.path.abspath(ours)]
        return os.pathsep.join([ours, *others] if self.expect_airflow else others)


class _Only(Mapping[str, Any]):
    """The part of a context with certain keys, without reading any; ``ti`` and the like are refused by name."""

    def __init__(self, context: Mapping[str, Any], keys: Collection[str], own: Collection[str]) -> None:
        self.context, self.names = context, [key for key in keys if key in context]
        self.own = own

    def __getitem__(self, key: str) -> Any:
        if key not in self.names:
            raise KeyError(key)
        return self.context[key]

    def peek(self, key: str) -> Any:
        """The value, without a word about keys that are deprecated."""
        return getattr(self.context, "peek", self.context.__getitem__)(key)

    def __contains__(self, key: object) -> bool:
        return key in self.names

    def __iter__(self) -> Any:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _sendable(name: str, value: Any) -> Any:
    """A value of the context as other interpreters can read it."""
    from airflow._runtime.lazy import Lazy

    if type(value) is Lazy:
        value = value.__wrapped__
    if name == "params":
        return value.dump() if hasattr(value, "dump") else dict(value)
    return value


def _serializer(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise AirflowException(
            f"serializer {name!r} is not installed in the environment of this worker: pip install {name}"
        ) from None
