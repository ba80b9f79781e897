"""The machine's name."""

from __future__ import annotations

import socket
from functools import lru_cache


@lru_cache(maxsize=1)
def getfqdn(name: str = "") -> str:
    """The machine's full name."""
    return socket.getfqdn(name)


def get_host_ip_address() -> str:
    """The machine's address."""
    return socket.gethostbyname(getfqdn())


def get_hostname() -> str:
    """What ``[core] hostname_callable`` gives."""
    from airflow.configuration import conf

    where = conf.get("core", "hostname_callable", fallback="airflow.utils.net.getfqdn").replace(":", ".")
    if where == "airflow.utils.net.getfqdn":
        return getfqdn()
    from airflow.utils.module_loading import import_string

    text: str = import_string(where)()
    return text
