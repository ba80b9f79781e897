"""Tasks that call a Python function in another interpreter. Names of this file are had from :mod:`.python`."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import textwrap
import types
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

_HOME = "airflow.providers.standard.operators.python"
SERIALIZERS = ("pickle", "cloudpickle", "dill")
# Keys of the context whose values any interpreter can read; those that take pendulum; those that take our package.
_PLAIN_KEYS = """
    ds ds_nodash expanded_ti_count next_ds next_ds_nodash params prev_ds prev_ds_nodash run_id task_instance_key_str
    test_mode tomorrow_ds tomorrow_ds_nodash ts ts_nodash ts_nodash_with_tz try_number yesterday_ds yesterday_ds_nodash
    map_index_template templates_dict partition_key
""".split()
_PENDULUM_KEYS = """
    data_interval_end data_interval_start execution_date logical_date next_execution_date
    prev_data_interval_end_success prev_data_interval_start_success prev_end_date_success prev_execution_date
    prev_execution_date_success prev_start_date_success partition_date
""".split()
_AIRFLOW_KEYS = "conf dag dag_run inlets macros outlets task triggering_asset_events".split()


class _InOtherInterpreter(PythonOperator):
    """What virtualenv and external Python have in common: arguments and result go through files."""

    __module__ = _HOME

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


class PythonVirtualenvOperator(_InOtherInterpreter):
    """Calls the function in a virtual environment that is made for it, with ``requirements`` installed.

    The function must not use names from outside of itself. ``venv_cache_path``: keep environments there, one for each
    set of requirements. ``system_site_packages``: see the packages of the worker's own environment too.
    """

    __module__ = _HOME
    template_fields: Collection[str] = (
        *PythonOperator.template_fields,
        "requirements",
        "index_urls",
        "index_urls_from_connection_ids",
        "venv_cache_path",
    )
    template_ext = (".txt",)
    template_fields_renderers: ClassVar[dict[str, str]] = PythonOperator.template_fields_renderers

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        requirements: Iterable[str] | str | None = None,
        python_version: str | None = None,
        serializer: str | None = None,
        system_site_packages: bool = True,
        pip_install_options: list[str] | None = None,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        string_args: Iterable[str] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: list[str] | None = None,
        expect_airflow: bool = True,
        skip_on_exit_code: int | Container[int] | None = None,
        index_urls: Collection[str] | str | None = None,
        index_urls_from_connection_ids: Collection[str] | str | None = None,
        venv_cache_path: os.PathLike[str] | str | None = None,
        env_vars: dict[str, str] | None = None,
        inherit_env: bool = True,
        **kwargs: Any,
    ) -> None:
        if python_version and str(python_version)[0] != str(sys.version_info.major) and (op_args or op_kwargs):
            raise AirflowException(
                "Passing op_args or op_kwargs is not supported across different Python major versions "
                "for PythonVirtualenvOperator. Please use string_args."
            )
        super().__init__(
            python_callable=python_callable,
            serializer=serializer,
            op_args=op_args,
            op_kwargs=op_kwargs,
            string_args=string_args,
            templates_dict=templates_dict,
            templates_exts=templates_exts,
            expect_airflow=expect_airflow,
            skip_on_exit_code=skip_on_exit_code,
            env_vars=env_vars,
            inherit_env=inherit_env,
            **kwargs,
        )
        if requirements is None or isinstance(requirements, str) or getattr(requirements, "is_reference", False):
            self.requirements: Any = [] if requirements is None else requirements
        else:
            self.requirements = list(requirements)
        self.python_version = python_version
        self.system_site_packages = system_site_packages
        self.pip_install_options = pip_install_options or []
        self.index_urls = [index_urls] if isinstance(index_urls, str) else index_urls
        ids = index_urls_from_connection_ids
        self.index_urls_from_connection_ids = [ids] if isinstance(ids, str) else ids
        self.venv_cache_path = venv_cache_path

    def _context_keys(self) -> list[str]:
        keys = list(_PLAIN_KEYS)
        wanted = self._requirement_lines()
        named = {"".join(c for c in line.split(";")[0] if c.isalnum() or c in "-_").lower() for line in wanted}
        if self.system_site_packages or any(name.startswith("pendulum") for name in named):
            keys += _PENDULUM_KEYS
        if self.expect_airflow and self.system_site_packages:
            keys += _AIRFLOW_KEYS
        return keys

    def _requirement_lines(self) -> list[str]:
        found = self.requirements
        if isinstance(found, str):
            return [line.strip() for line in found.splitlines() if line.strip()]
        lines = [str(line).strip() for line in found or ()]
        if self.serializer != "pickle" and not self.system_site_packages and self.serializer not in lines:
            lines.append(self.serializer)
        return lines

    def execute_callable(self) -> Any:
        """Make the environment (or take the one that was kept) and call the function there."""
        urls = self._index_urls()
        with TemporaryDirectory(prefix="venv-call") as folder:
            if self.venv_cache_path:
                python = self._cached(Path(os.fspath(self.venv_cache_path)), urls)
            else:
                python = self._make(Path(folder) / "venv", urls)
            return self._run(str(python), Path(folder))

    def _index_urls(self) -> list[str] | None:
        urls = None if self.index_urls is None else list(self.index_urls)
        if self.index_urls_from_connection_ids:
            from airflow.providers.standard.hooks.package_index import PackageIndexHook

            found = [PackageIndexHook(conn_id).get_connection_url() for conn_id in self.index_urls_from_connection_ids]
            urls = [*(urls or ()), *found]
        return urls

    def _interpreter(self) -> str:
        if not self.python_version:
            return sys.executable
        text = str(self.python_version)
        return text if os.sep in text else f"python{text}"

    def _make(self, folder: Path, urls: list[str] | None) -> str:
        from airflow.providers.standard.utils.python_virtualenv import prepare_virtualenv

        folder.mkdir(parents=True, exist_ok=True)
        requirements = folder / "requirements.txt"
        requirements.write_text("\n".join(self._requirement_lines()), encoding="utf-8")
        try:
            return prepare_virtualenv(
                venv_directory=str(folder),
                python_bin=self._interpreter(),
                system_site_packages=self.system_site_packages,
                requirements_file_path=str(requirements),
                pip_install_options=self.pip_install_options,
                index_urls=urls,
            )
        except FileNotFoundError as error:
            raise AirflowException(
                f"python_version of task {self.task_id!r} is {self.python_version!r}, and this worker has no "
                f"{self._interpreter()!r}: {error}"
            ) from error

    def _cache_facts(self, urls: list[str] | None) -> str:
        from airflow.sdk.definitions.variable import Variable

        facts: dict[str, Any] = {
            "requirements_list": sorted(self._requirement_lines()),
            "pip_install_options": self.pip_install_options,
            "index_urls": urls,
            "cache_key": str(Variable.get("PythonVirtualenvOperator.cache_key", "")),
            "python_version": self.python_version or "{}.{}".format(*sys.version_info[:2]),
            "system_site_packages": self.system_site_packages,
        }
        return json.dumps(facts, sort_keys=True)

    def _cached(self, cache: Path, urls: list[str] | None) -> str:
        import fcntl
        import hashlib
        import shutil

        facts = self._cache_facts(urls)
        digest = hashlib.sha256(facts.encode()).hexdigest()
        cache.mkdir(parents=True, exist_ok=True)
        folder = cache / f"venv-{digest[:8]}"
        with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one makes it, others wait
            marker = folder / "install_complete_marker.json"
            if marker.exists() and marker.read_text(encoding="utf-8") == digest:
                self.log.info("Re-using cached Python virtual environment in %s", folder)
                return str(folder / "bin" / "python")
            shutil.rmtree(folder, ignore_errors=True)
            self.log.info("Creating a Python virtual environment to be kept in %s", folder)
            try:
                python = self._make(folder, urls)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            marker.write_text(digest, encoding="utf-8")
            return python


class BranchPythonVirtualenvOperator(BaseBranchOperator, PythonVirtualenvOperator):
    """Goes on with the tasks whose ids the function returns, which is called in a virtual environment."""

    __module__ = _HOME

    def choose_branch(self, context: Any) -> Any:
        """Call the function."""
        return PythonVirtualenvOperator.execute(self, context)


class ExternalPythonOperator(_InOtherInterpreter):
    """Calls the function with the interpreter ``python``, which is there already, and the packages that it has."""

    __module__ = _HOME
    template_fields: Collection[str] = (*PythonOperator.template_fields, "python")
    template_fields_renderers: ClassVar[dict[str, str]] = PythonOperator.template_fields_renderers

    def __init__(
        self,
        *,
        python: str,
        python_callable: Callable[..., Any],
        serializer: str | None = None,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        string_args: Iterable[str] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: list[str] | None = None,
        expect_airflow: bool = True,
        expect_pendulum: bool = False,
        skip_on_exit_code: int | Container[int] | None = None,
        env_vars: dict[str, str] | None = None,
        inherit_env: bool = True,
        **kwargs: Any,
    ) -> None:
        if not python:
            raise ValueError("Python Path must be defined in ExternalPythonOperator")
        self.python = python
        self.expect_pendulum = expect_pendulum
        super().__init__(
            python_callable=python_callable,
            serializer=serializer,
            op_args=op_args,
            op_kwargs=op_kwargs,
            string_args=string_args,
            templates_dict=templates_dict,
            templates_exts=templates_exts,
            expect_airflow=expect_airflow,
            skip_on_exit_code=skip_on_exit_code,
            env_vars=env_vars,
            inherit_env=inherit_env,
            **kwargs,
        )
        self._facts: dict[str, Any] | None = None

    def _interpreter(self) -> dict[str, Any]:
        """What the interpreter says of itself: ``major``, and whether it has ``pendulum``."""
        if self._facts is None:
            import shutil

            if shutil.which(self.python) is None:
                raise ValueError(f"Python Path '{self.python}' must exist and be executable")
            ask = (
                "import json, sys\n"
                "try:\n    import pendulum\n    has = True\nexcept ImportError:\n    has = False\n"
                "print(json.dumps({'major': sys.version_info[0], 'minor': sys.version_info[1], 'pendulum': has}))"
            )
            done = subprocess.run([self.python, "-c", ask], capture_output=True, text=True, env=self._environment())
            if done.returncode != 0:
                raise ValueError(f"{self.python} does not run: {done.stderr.strip()}")
            self._facts = json.loads(done.stdout.splitlines()[-1])
        return self._facts

    def _context_keys(self) -> list[str]:
        keys = list(_PLAIN_KEYS)
        facts = self._interpreter()
        if facts["pendulum"]:
            keys += _PENDULUM_KEYS
        elif self.expect_pendulum:
            self.log.warning(
                "Since expect_pendulum is set to True, pendulum should be installed in %s, but it is not", self.python
            )
        if self.expect_airflow and facts["pendulum"] and (facts["major"], facts["minor"]) >= (3, 9):
            keys += _AIRFLOW_KEYS
        return keys

    def execute_callable(self) -> Any:
        """Call the function with the interpreter."""
        facts = self._interpreter()
        if facts["major"] != sys.version_info.major and (self.op_args or self.op_kwargs):
            raise AirflowException(
                "Passing op_args or op_kwargs is not supported across different Python major versions "
                "for ExternalPythonOperator. Please use string_args."
            )
        with TemporaryDirectory(prefix="tmd") as folder:
            return self._run(self.python, Path(folder))


class BranchExternalPythonOperator(BaseBranchOperator, ExternalPythonOperator):
    """Goes on with the tasks whose ids the function returns, which is called with another interpreter."""

    __module__ = _HOME

    def choose_branch(self, context: Any) -> Any:
        """Call the function."""
        return ExternalPythonOperator.execute(self, context)


def is_venv_installed() -> bool:
    """Whether virtual environments can be made here."""
    import importlib.util
    import shutil

    return bool(shutil.which("uv") or importlib.util.find_spec("venv"))
