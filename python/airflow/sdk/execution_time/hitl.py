"""Questions to people, from a running task."""

from __future__ import annotations

from typing import Any, TypedDict


class HITLUser(TypedDict):
    """Somebody who may answer."""

    id: str
    name: str


def upsert_hitl_detail(
    ti_id: Any,
    options: list[str],
    subject: str,
    body: str | None = None,
    defaults: list[str] | None = None,
    multiple: bool = False,
    params: dict[str, Any] | None = None,
    assigned_users: list[HITLUser] | None = None,
) -> None:
    """Record the question of the running try."""
    from airflow._runtime import supervisor
    from airflow._serialize.values import plain

    supervisor.call(
        "hitl_ask",
        question={
            "options": list(options),
            "subject": subject,
            "body": body,
            "defaults": defaults,
            "multiple": multiple,
            "params": plain(params or {}),
            "assigned_users": [dict(user) for user in assigned_users or ()],
        },
    )
