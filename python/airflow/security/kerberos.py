"""Kerberos tickets, through ``kinit``."""

from __future__ import annotations

import logging
import shlex
import subprocess
import sys

log = logging.getLogger(__name__)


def renew_from_kt(principal: str | None, keytab: str, exit_on_fail: bool = True) -> int:
    """
    Take a new ticket with a keytab into ``[kerberos] ccache``; the exit code of ``kinit``, 0 when there is a ticket.

    ``exit_on_fail`` ends the process with that code when there is none.
    """
    from airflow.configuration import conf
    from airflow.utils.net import get_hostname

    if not principal:
        principal = conf.get_mandatory_value("kerberos", "principal").replace("_HOST", get_hostname())
    command = [conf.get_mandatory_value("kerberos", "kinit_path", fallback="kinit")]
    if conf.getboolean("kerberos", "forwardable", fallback=True):
        command.append("-f")
    if conf.getboolean("kerberos", "include_ip", fallback=True):
        command.append("-a")
    minutes = conf.getint("kerberos", "reinit_frequency", fallback=3600) // 60
    command += ["-r", f"{minutes}m", "-k", "-t", keytab]
    command += ["-c", conf.get_mandatory_value("kerberos", "ccache", fallback="/tmp/airflow_krb5_ccache"), principal]
    log.info("Re-initialising kerberos from keytab: %s", shlex.join(command))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        code, said = done.returncode, done.stderr.strip()
    except OSError as error:
        code, said = 127, str(error)
    if code:
        log.error("no ticket for %s: kinit ended with %d: %s", principal, code, said)
        if exit_on_fail:
            sys.exit(code)
    return code
