"""Waiting until a command succeeds."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

from airflow.sdk.bases.sensor import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException


class BashSensor(BaseSensorOperator):
    """Pokes by running ``bash_command``: exit code 0 is success; ``retry_exit_code`` (any, if not given) waits on."""

    template_fields: Sequence[str] = ("bash_command", "env")

    def __init__(
        self,
        *,
        bash_command: str,
        env: dict[str, str] | None = None,
        output_encoding: str = "utf-8",
        retry_exit_code: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command = bash_command
        self.env = env
        self.output_encoding = output_encoding
        self.retry_exit_code = retry_exit_code

    def poke(self, context: Any) -> bool:
        """Run the command."""
        import tempfile

        with tempfile.TemporaryDirectory(prefix="airflowtmp") as folder:
            done = subprocess.run(
                ["bash", "-c", self.bash_command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env=self.env,
                check=False,
            )
        for line in done.stdout.decode(self.output_encoding, "backslashreplace").splitlines():
            self.log.info("%s", line)
        self.log.info("Command exited with return code %s", done.returncode)
        if done.returncode and self.retry_exit_code is not None and done.returncode != self.retry_exit_code:
            raise AirflowFailException(f"Command exited with return code {done.returncode}")
        return done.returncode == 0
