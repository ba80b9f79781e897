"""What answers a task's calls in ``dag.test()``: XComs, variables and states in memory."""

from __future__ import annotations

from typing import Any

from airflow._runtime.wire import CallError


class MemoryServer:
    """Answers a task's calls from memory. Has the methods of a channel that tasks use."""

    def __init__(self, run_data: dict[str, Any]) -> None:
        self.run = run_data
        self.xcoms: dict[tuple[str, int, str], Any] = {}
        self.states: dict[tuple[str, int], str] = {}
        #: What tasks keep in their state store.
        self.remembered: dict[tuple[str, int], dict[str, Any]] = {}
        self.current: tuple[str, int] = ("", -1)

    def send(self, message: dict[str, Any]) -> None:
        """Rendered fields and masks are of no use here."""

    def call(self, method: str, **arguments: Any) -> Any:
        """Answer one call."""
        answer = getattr(self, f"_{method}", None)
        if answer is None:
            raise CallError("unavailable", f"dag.test() can't answer {method!r}: it needs a running Tradewind")
        return answer(**arguments)

    def _xcom_set(self, key: str, value: Any) -> None:
        place = (*self.current, key)
        self.xcoms[place] = value

    def _xcom_delete(self, key: str) -> None:
        self.xcoms.pop((*self.current, key), None)

    def _xcom_keys(self) -> list[str]:
        return sorted(key for *place, key in self.xcoms if tuple(place) == self.current)

    def _xcom_get(self, key: str, task_id: str, map_index: int = -1, item: int | None = None, **_: Any) -> Any:
        try:
            value = self.xcoms[task_id, map_index, key]
            if item is None:
                return value
            return [list(pair) for pair in value.items()][item] if isinstance(value, dict) else value[item]
        except LookupError:
            raise CallError("not_found", f"task {task_id!r} has pushed no XCom {key!r}") from None

    def _xcom_get_all(self, key: str, task_id: str, start: int = 0, limit: int | None = None, **_: Any) -> list[Any]:
        found = [(index, value) for (task, index, name), value in self.xcoms.items() if (task, name) == (task_id, key)]
        values = [value for _, value in sorted(found, key=lambda item: item[0])]
        return values[start:] if limit is None else values[start : start + limit]

    def _xcom_count(self, **arguments: Any) -> int:
        return len(self._xcom_get_all(**arguments))

    def _rendered_map_index(self, text: str) -> None:
        """Nobody looks at it here."""

    def _variable_get(self, key: str) -> str:
        from airflow._runtime.local_store import variables

        if key not in variables:
            raise CallError("not_found", f"no variable {key!r}")
        return variables[key]

    def _variable_set(self, key: str, value: str, description: str | None = None) -> None:
        from airflow._runtime.local_store import variables

        variables[key] = value

    def _connection_get(self, conn_id: str) -> dict[str, Any]:
        from airflow._runtime.local_store import connections

        if conn_id not in connections:
            raise CallError("not_found", f"no connection {conn_id!r}")
        return connections[conn_id]

    def _previous_run(self, **_: Any) -> None:
        return None

    def _task_state_get(self, key: str) -> Any:
        try:
            return self.remembered[self.current][key]
        except KeyError:
            raise CallError("not_found", f"the task remembers no {key!r}") from None

    def _task_state_set(self, key: str, value: Any, **_: Any) -> None:
        self.remembered.setdefault(self.current, {})[key] = value

    def _task_state_delete(self, key: str) -> None:
        self.remembered.get(self.current, {}).pop(key, None)

    def _task_state_clear(self, all_map_indices: bool = False) -> None:
        for place in list(self.remembered):
            if place == self.current or (all_map_indices and place[0] == self.current[0]):
                del self.remembered[place]

    def _asset_get(self, name: str | None = None, uri: str | None = None) -> dict[str, Any]:
        """An asset is what the file says that it is."""
        return {"name": name or uri, "uri": uri or name, "group": "asset", "extra": {}}

    def _asset_events(self, **_: Any) -> list[Any]:
        """Nothing has happened before."""
        return []

    _triggering_asset_events = _asset_events

    def _run_get(self, **_: Any) -> dict[str, Any]:
        return self.run

    def _task_states(self, task_ids: list[str] | None = None, **_: Any) -> list[dict[str, Any]]:
        return [
            {"task_id": task, "map_index": index, "state": state}
            for (task, index), state in self.states.items()
            if not task_ids or task in task_ids
        ]
