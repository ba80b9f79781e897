"""A Python package index as a connection."""

from __future__ import annotations

import subprocess
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from airflow.sdk.bases.hook import BaseHook


class PackageIndexHook(BaseHook):
    """Where packages come from, with login and password: the connection's host is the index's URL."""

    conn_name_attr = "pi_conn_id"
    default_conn_name = "package_index_default"
    conn_type = "package_index"
    hook_name = "Package Index (Python)"

    def __init__(self, pi_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pi_conn_id = pi_conn_id
        self.conn: Any = None

    @staticmethod
    def get_ui_field_behaviour() -> dict[str, Any]:
        """Fields of the form."""
        return {
            "hidden_fields": ["schema", "port", "extra"],
            "relabeling": {"host": "Package Index URL"},
            "placeholders": {
                "host": "Example: https://my-package-mirror.net/pypi/repo-name/simple",
                "login": "Username for package index",
                "password": "Password for package index (will be masked)",
            },
        }

    def get_conn(self) -> str:
        """The URL, with login and password."""
        return self.get_connection_url()

    def get_connection_url(self) -> str:
        """The URL, with login and password."""
        connection = self.get_connection(self.pi_conn_id)
        url = connection.host or ""
        if connection.login:
            parts = urlsplit(url if "://" in url else f"https://{url}")
            login = quote(connection.login, safe="")
            if connection.password:
                login += ":" + quote(connection.password, safe="")
            url = urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))
        if not url:
            raise ValueError("Please provide an index URL.")
        return url

    def test_connection(self) -> tuple[bool, str]:
        """Whether pip can ask the index for something."""
        import sys

        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "search",
                "not-existing-test-package",
                "--no-input",
                "--index",
                self.get_conn(),
            ],
            check=False,
            capture_output=True,
        )
        if done.returncode not in (0, 23):  # 23: it answers, and found nothing
            return False, f"Connection test to package index {done.stderr.decode(errors='replace')}"
        return True, "Connection successfully tested"
