"""The operating system."""

from __future__ import annotations

import os
import sys

IS_WINDOWS = os.name == "nt"


def is_tty() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and hasattr(sys.stdout, "isatty") and sys.stdout.isatty()


def is_terminal_support_colors() -> bool:
    """Whether standard output is a terminal that shows colours."""
    return not IS_WINDOWS and is_tty() and os.environ.get("TERM", "dumb").lower() not in ("", "dumb", "unknown")


def get_airflow_git_version() -> str | None:
    """None: no Airflow is installed from a checkout."""
    return None


def getuser() -> str:
    """The name of the user that this process runs as; an ``AirflowConfigException`` if the system knows none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        from airflow.sdk.exceptions import AirflowConfigException

        raise AirflowConfigException(
            f"the user {os.getuid()} that this process runs as has no name, and neither LOGNAME nor USER says one"
        ) from error
