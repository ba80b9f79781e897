"""Tasks that run a shell command."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Container, Sequence
from typing import IO, Any, ClassVar, cast

from airflow.sdk.bases.operator import BaseOperator
from airflow.sdk.definitions._internal.types import ArgNotSet
from airflow.sdk.exceptions import AirflowException, AirflowSkipException


def _as_it_is(result: str) -> Any:
    return result


class BashOperator(BaseOperator):
    """Runs ``bash_command`` with bash; the last line of its output is the return value."""

    template_fields: Sequence[str] = ("bash_command", "env", "cwd")
    template_fields_renderers: ClassVar[dict[str, str]] = {"bash_command": "bash", "env": "json"}
    template_ext: Sequence[str] = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: str | ArgNotSet,
        env: dict[str, str] | None = None,
        append_env: bool = False,
        output_encoding: str = "utf-8",
        skip_exit_code: int | None = None,
        skip_on_exit_code: int | Container[int] | None = 99,
        cwd: str | None = None,
        output_processor: Callable[[str], Any] = _as_it_is,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if skip_exit_code is not None and skip_exit_code != 99:
            skip_on_exit_code = skip_exit_code
        self.bash_command = bash_command
        self.env = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        if skip_on_exit_code is None or isinstance(skip_on_exit_code, Container):
            self.skip_on_exit_code: Container[int] = skip_on_exit_code or ()
        else:
            self.skip_on_exit_code = [skip_on_exit_code]
        self.cwd = cwd
        self.output_processor = output_processor
        self._process: Any = None

    def _check_arguments(self) -> None:
        if self.env is not None and not isinstance(self.env, dict) and not getattr(self.env, "is_reference", False):
            raise TypeError(f"env of task {self.task_id!r} must be a dict, not {self.env!r}")

    def get_env(self, context: Any) -> dict[str, str]:
        """The command's environment."""
        if self.env is None or self.append_env:
            env = {**os.environ, **(self.env or {})}
        else:
            env = dict(self.env)
            env.update({name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CTX_")})
        return env

    def execute(self, context: Any) -> Any:
        """Run the command; exit codes in ``skip_on_exit_code`` skip the task, others but 0 fail it."""
        if not isinstance(self.bash_command, str):
            raise AirflowException(f"bash_command of task {self.task_id!r} must be text, not {self.bash_command!r}")
        import shutil

        bash = shutil.which("bash") or "bash"
        if self.cwd is not None:
            if not os.path.exists(self.cwd):
                raise AirflowException(f"cwd {self.cwd!r} of task {self.task_id!r} does not exist")
            if not os.path.isdir(self.cwd):
                raise AirflowException(f"cwd {self.cwd!r} of task {self.task_id!r} is not a folder")
        code, last_line = self._run([bash, "-c", self.bash_command], self.get_env(context))
        if code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Bash command returned exit code {code}. Skipping.")
        if code != 0:
            raise AirflowException(
                f"Bash command failed. The command returned a non-zero exit code {code}."
                if code > 0
                else f"Bash command was ended by {signal.Signals(-code).name}."
            )
        return self.output_processor(last_line)

    def _run(self, command: list[str], env: dict[str, str]) -> tuple[int, str]:
        import subprocess
        import tempfile

        with tempfile.TemporaryDirectory(prefix="airflowtmp") as folder:
            self.log.info("Running command: %s", command)
            self._process = process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self.cwd or folder,
                env=env,
                start_new_session=True,
            )
            self.log.info("Output:")
            line = ""
            with cast("IO[bytes]", process.stdout) as output:
                for raw in output:
                    line = raw.decode(self.output_encoding, errors="backslashreplace").rstrip()
                    self.log.info("%s", line)
            code = process.wait()
            self.log.info("Command exited with return code %s", code)
            return code, line

    def on_kill(self) -> None:
        """End the command and what it started."""
        process = self._process
        if process is not None and process.poll() is None:
            self.log.info("Sending SIGTERM signal to process group")
            os.killpg(process.pid, signal.SIGTERM)
