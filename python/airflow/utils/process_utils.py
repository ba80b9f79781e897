"""Running other programs."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def execute_in_subprocess(cmd: list[str], cwd: str | None = None, env: dict[str, str] | None = None) -> None:
    """Run a program, log what it prints, and raise if it fails."""
    execute_in_subprocess_with_kwargs(cmd, cwd=cwd, env=env)


def execute_in_subprocess_with_kwargs(cmd: list[str], **kwargs: Any) -> None:
    """Like :func:`execute_in_subprocess`, with any argument of ``Popen``."""
    import logging

    log = logging.getLogger(__name__)
    log.info("Executing cmd: %s", shlex.join(cmd))
    with subprocess.Popen(
        cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0, close_fds=True, **kwargs
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            log.info("%s", line.decode(errors="backslashreplace").rstrip())
        code = process.wait()
    if code != 0:
        raise subprocess.CalledProcessError(code, cmd)


@contextmanager
def patch_environ(new_env_variables: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment for the length of a ``with`` block."""
    before = {name: os.environ.get(name) for name in new_env_variables}
    os.environ.update(new_env_variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def set_component_mp_start_method() -> None:
    """Use the start method for processes that ``[core] mp_start_method`` names, if it names one."""
    import multiprocessing

    from airflow.configuration import conf

    method = conf.get("core", "mp_start_method", fallback="")
    if method:
        multiprocessing.set_start_method(method, force=True)
