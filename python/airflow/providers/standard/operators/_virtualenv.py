"""Tasks that call a Python function in another interpreter. Names of this file are had from :mod:`.python`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from airflow.providers.standard.operators._other_interpreter import (
    AIRFLOW_KEYS,
    HOME,
    PENDULUM_KEYS,
    PLAIN_KEYS,
    InOtherInterpreter,
)
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.bases.branch import BaseBranchOperator
from airflow.sdk.exceptions import AirflowException


class PythonVirtualenvOperator(InOtherInterpreter):
    """Calls the function in a virtual environment that is made for it, with ``requirements`` installed.

    The function must not use names from outside of itself. ``venv_cache_path``: keep environments there, one for each
    set of requirements. ``system_site_packages``: see the packages of the worker's own environment too.
    """

    __module__ = HOME
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
        keys = list(PLAIN_KEYS)
        wanted = self._requirement_lines()
        named = {"".join(c for c in line.split(";")[0] if c.isalnum() or c in "-_").lower() for line in wanted}
        if self.system_site_packages or any(name.startswith("pendulum") for name in named):
            keys += PENDULUM_KEYS
        if self.expect_airflow and self.system_site_packages:
            keys += AIRFLOW_KEYS
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

    __module__ = HOME

    def choose_branch(self, context: Any) -> Any:
        """Call the function."""
        return PythonVirtualenvOperator.execute(self, context)


class ExternalPythonOperator(InOtherInterpreter):
    """Calls the function with the interpreter ``python``, which is there already, and the packages that it has."""

    __module__ = HOME
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
        keys = list(PLAIN_KEYS)
        facts = self._interpreter()
        if facts["pendulum"]:
            keys += PENDULUM_KEYS
        elif self.expect_pendulum:
            self.log.warning(
                "Since expect_pendulum is set to True, pendulum should be installed in %s, but it is not", self.python
            )
        if self.expect_airflow and facts["pendulum"] and (facts["major"], facts["minor"]) >= (3, 9):
            keys += AIRFLOW_KEYS
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

    __module__ = HOME

    def choose_branch(self, context: Any) -> Any:
        """Call the function."""
        return ExternalPythonOperator.execute(self, context)


def is_venv_installed() -> bool:
    """Whether virtual environments can be made here."""
    import importlib.util
    import shutil

    return bool(shutil.which("uv") or importlib.util.find_spec("venv"))
