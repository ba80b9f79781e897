"""Addresses of an operator's links, for people: made when a try has ended, kept as XComs that begin with ``_link_``."""

from __future__ import annotations

import inspect
import logging
from typing import Any

from airflow._runtime import supervisor

log = logging.getLogger("airflow.task")


def push_links(ti: Any) -> None:
    """Store the address of every link of the task. A link that fails is a line in the log and disturbs nothing.

    The XCom backend of the configuration has no part in it: the server reads them.
    """
    from airflow._serialize.dag import _link_key

    for name, link in ti.task.links_by_name().items():
        try:
            address = _address(link, ti)
            if address:
                supervisor.call("xcom_set", key=_link_key(link), value=str(address))
        except Exception as error:
            log.warning("the link %r has no address: %s: %s", name, type(error).__name__, error)


def _address(link: Any, ti: Any) -> Any:
    """Ask the link; those written for Airflow 1 and early 2 take the run's date instead of the ids of the try."""
    taken = inspect.signature(link.get_link).parameters
    if "ti_key" not in taken and not any(one.kind is one.VAR_KEYWORD for one in taken.values()):
        return link.get_link(ti.task, ti.logical_date)
    return link.get_link(ti.task, ti_key=ti.key)
