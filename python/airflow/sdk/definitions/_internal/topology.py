"""Order and circles in a DAG's graph."""

from __future__ import annotations

from typing import Any


def sort_tasks(tasks: list[Any]) -> list[Any]:
    """Each task after those it depends on; ties by id. Raises when the edges form a circle."""
    import heapq

    by_id = {task.task_id: task for task in tasks}
    waiting = {t.task_id: sum(1 for up in t.upstream_task_ids if up in by_id) for t in tasks}
    ready = [task_id for task_id, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order: list[Any] = []
    while ready:
        task = by_id[heapq.heappop(ready)]
        order.append(task)
        for down in task.downstream_task_ids:
            if down in waiting:
                waiting[down] -= 1
                if waiting[down] == 0:
                    heapq.heappush(ready, down)
    if len(order) != len(tasks):
        from airflow.sdk.exceptions import AirflowDagCycleException

        circle = find_circle(by_id)
        raise AirflowDagCycleException(f"the dependencies form a circle: {' -> '.join(circle)}")
    return order


def find_circle(by_id: dict[str, Any]) -> list[str]:
    """Ids of tasks along one circle, first and last the same; empty when there is none."""
    done: set[str] = set()
    for start in sorted(by_id):
        path: list[str] = []
        on_path: dict[str, int] = {}
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            node, depth = stack.pop()
            while len(path) > depth:
                gone = path.pop()
                on_path.pop(gone)
                done.add(gone)
            if node in on_path:
                return [*path[on_path[node] :], node]
            if node in done:
                continue
            on_path[node] = len(path)
            path.append(node)
            downs = sorted((d for d in by_id[node].downstream_task_ids if d in by_id), reverse=True)
            stack.extend((down, depth + 1) for down in downs)
        done.update(path)
    return []
