"""Names of Kerberos principals, as hooks of Hadoop's kin write them: ``service/host@REALM``."""

from __future__ import annotations

import re
import socket


def get_components(principal: str | None) -> list[str] | None:
    """Service, host and realm of a principal; fewer of a shorter one, None of none."""
    return re.split(r"[/@]", str(principal)) if principal else None


def replace_hostname_pattern(components: list[str], host: str | None = None) -> str:
    """The principal with a host's name in the place of the pattern ``_HOST``: this machine's unless one is given."""
    name = host if host and host != "0.0.0.0" else get_hostname()
    return f"{components[0]}/{name.lower()}@{components[2]}"


def get_hostname() -> str:
    """This machine's name, as ``[core] hostname_callable`` says."""
    from airflow.utils.net import get_hostname as configured

    return str(configured())


def get_fqdn(hostname_or_ip: str | None = None) -> str:
    """The whole name of a host; of this machine if it is the local one."""
    try:
        if hostname_or_ip:
            name = socket.gethostbyaddr(hostname_or_ip)[0]
            if name == "localhost":
                name = get_hostname()
        else:
            name = get_hostname()
    except OSError:
        name = hostname_or_ip or ""
    return name.lower()


def principal_from_username(username: str, realm: str | None) -> str:
    """A user's principal: with the realm, unless it has one."""
    return f"{username}@{realm}" if realm and "@" not in username else username
