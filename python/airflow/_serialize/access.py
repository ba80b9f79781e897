"""``access_control`` of a DAG: which roles may do what to it, in the spellings of Airflow 1.10, 2 and 3."""

from __future__ import annotations

from typing import Any

from airflow._serialize.values import plain

_ACTIONS = {
    "DAGs": {"can_read", "can_edit", "can_delete"},
    "DAG Runs": {"can_read", "can_create", "can_edit", "can_delete", "menu_access"},
}


def checked(dag: Any) -> Any:
    """The document's form of it; ``ValueError`` for a word that means nothing."""
    if not dag.access_control:
        return None
    for role, rights in dag.access_control.items():
        by_resource = rights if isinstance(rights, dict) else {"DAGs": rights}
        for resource, actions in by_resource.items():
            known = _ACTIONS.get(resource)
            if known is None:
                raise ValueError(
                    f"access_control of DAG {dag.dag_id!r} gives {role!r} a right to {resource!r}; "
                    f"it should be one of {', '.join(_ACTIONS)}"
                )
            wanted = {actions} if isinstance(actions, str) else actions
            for action in wanted:
                if action.replace("can_dag_", "can_") not in known:
                    raise ValueError(
                        f"access_control of DAG {dag.dag_id!r} gives {role!r} {action!r} on {resource}; "
                        f"it should be one of {', '.join(sorted(known))}"
                    )
    return {
        role: (
            {resource: _sorted(actions) for resource, actions in rights.items()}
            if isinstance(rights, dict)
            else _sorted(rights)
        )
        for role, rights in plain(dag.access_control).items()
    }


def _sorted(actions: Any) -> list[str]:
    return [actions] if isinstance(actions, str) else sorted(actions)
