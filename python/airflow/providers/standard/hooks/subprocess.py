"""Running commands and logging their output."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import namedtuple
from typing import Any

from airflow.sdk.bases.hook import BaseHook

SubprocessResult = namedtuple("SubprocessResult", ["exit_code", "output"])


class SubprocessHook(BaseHook):
    """Runs a command; its output goes to the log."""

    def __init__(self, **kwargs: Any) -> None:
        self.sub_process: subprocess.Popen[bytes] | None = None
        super().__init__(**kwargs)

    def run_command(
        self,
        command: list[str],
        env: dict[str, str] | None = None,
        output_encoding: str = "utf-8",
        cwd: str | None = None,
    ) -> SubprocessResult:
        """The exit code and the last line of the output."""
        import tempfile

        self.log.info("Running command: %s", command)
        with tempfile.TemporaryDirectory(prefix="airflowtmp") as folder:
            self.sub_process = process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=cwd or folder,
                env=env if env or env == {} else os.environ,
                start_new_session=True,
            )
            line = ""
            for raw in process.stdout:  # type: ignore[union-attr]
                line = raw.decode(output_encoding, "backslashreplace").rstrip()
                self.log.info("%s", line)
            code = process.wait()
        self.log.info("Command exited with return code %s", code)
        return SubprocessResult(exit_code=code, output=line)

    def send_sigterm(self) -> None:
        """Ask the command to end."""
        if self.sub_process is not None and self.sub_process.poll() is None:
            os.killpg(os.getpgid(self.sub_process.pid), signal.SIGTERM)
