"""Task groups: a prefix for ids, common arguments, one thing to draw an arrow to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions._internal.contextmanager import DagContext, TaskGroupContext
from airflow.sdk.definitions.edges import DependencyMixin, EdgeModifier, flatten
from airflow.sdk.exceptions import AirflowException, DuplicateTaskIdFound, TaskAlreadyInTaskGroup

if TYPE_CHECKING:
    from airflow.sdk.definitions.dag import DAG


class TaskGroup(DependencyMixin):
    """Tasks (and groups) that belong together."""

    is_mapped = False

    def __init__(
        self,
        group_id: str | None,
        prefix_group_id: bool = True,
        parent_group: TaskGroup | None = None,
        dag: DAG | None = None,
        default_args: dict[str, Any] | None = None,
        tooltip: str = "",
        ui_color: str = "CornflowerBlue",
        ui_fgcolor: str = "#000",
        add_suffix_on_collision: bool = False,
        group_display_name: str = "",
        doc_md: str | None = None,
    ) -> None:
        self.prefix_group_id = prefix_group_id
        self.tooltip = tooltip or doc_md or ""
        self.ui_color = ui_color
        self.ui_fgcolor = ui_fgcolor
        self.group_display_name = group_display_name
        self.doc_md = doc_md
        self.children: dict[str, Any] = {}
        self.upstream_group_ids: set[str | None] = set()
        self.downstream_group_ids: set[str | None] = set()
        self.upstream_task_ids: set[str] = set()
        self.downstream_task_ids: set[str] = set()
        self.parent_group: TaskGroup | None = None
        self._group_id = group_id
        self.dag: DAG | None = dag
        own_defaults = dict(default_args or {})
        if group_id is None:  # the root group, made by the DAG itself
            self.used_group_ids: set[str | None] = set()
            self.default_args = own_defaults
            return
        if not isinstance(group_id, str) or not group_id:
            raise ValueError(f"group_id must be text that is not empty, not {group_id!r}")
        from airflow.sdk.bases.operator import check_key

        check_key(group_id, "group_id", max_length=200)
        if "." in group_id:
            raise AirflowException(f"group_id {group_id!r} may only have letters, digits, dashes and underscores")
        if parent_group is None:
            if dag is None:
                dag = DagContext.get_current()
            parent_group = TaskGroupContext.get_current(dag)
        if parent_group is None:
            raise RuntimeError(f"task group {group_id!r} needs a DAG: make it inside 'with DAG(...)' or pass dag=")
        self.dag = parent_group.dag
        self.used_group_ids = parent_group.used_group_ids
        self.default_args = {**parent_group.default_args, **own_defaults}
        self.parent_group = parent_group
        if self.group_id in self.used_group_ids:
            if not add_suffix_on_collision:
                raise DuplicateTaskIdFound(f"group id {self.group_id!r} is used twice in DAG {_dag_id(self.dag)!r}")
            base, number = group_id.rsplit("__", 1)[0] if _has_suffix(group_id) else group_id, 1
            while parent_group.child_id(f"{base}__{number}") in self.used_group_ids:
                number += 1
            self._group_id = f"{base}__{number}"
        self.used_group_ids.add(self.group_id)
        parent_group.add(self)

    @classmethod
    def create_root(cls, dag: DAG) -> TaskGroup:
        """The group of a DAG's own."""
        return cls(group_id=None, dag=dag)

    # Identity.

    @property
    def group_id(self) -> str | None:
        """The id, with the prefixes of the groups around it."""
        parent = self.parent_group
        if parent is not None and parent.prefix_group_id and parent._group_id is not None:
            return parent.child_id(self._group_id)  # type: ignore[arg-type]
        return self._group_id

    @property
    def node_id(self) -> str | None:
        """The id."""
        return self.group_id

    @property
    def label(self) -> str | None:
        """What people see."""
        return self.group_display_name or self._group_id

    @property
    def is_root(self) -> bool:
        """Whether it is the group of the DAG's own."""
        return self._group_id is None

    def child_id(self, label: str) -> str:
        """The full id of a child."""
        if self.prefix_group_id and self._group_id is not None:
            return f"{self.group_id}.{label}"
        return label

    # Members.

    def add(self, node: Any) -> Any:
        """Put a task or group in."""
        if not isinstance(node, TaskGroup):
            current = getattr(node, "task_group", None)
            if current is not None and current is not self and node.node_id in current.children:
                raise TaskAlreadyInTaskGroup(node.node_id, current.node_id, self.node_id or "")
            node.__dict__["task_group"] = self
        key = node.node_id
        if key in self.children and self.children[key] is not node:
            kind = "group" if isinstance(node, TaskGroup) else "task"
            raise DuplicateTaskIdFound(f"{kind} id {key!r} is used twice in DAG {_dag_id(self.dag)!r}")
        if not isinstance(node, TaskGroup) and key in self.used_group_ids:
            raise DuplicateTaskIdFound(f"task id {key!r} is the id of a group in DAG {_dag_id(self.dag)!r} too")
        self.children[key] = node
        return node

    def __iter__(self) -> Iterator[Any]:
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child

    def iter_tasks(self) -> Iterator[Any]:
        """All tasks, those of inner groups too."""
        return iter(self)

    def has_task(self, task: Any) -> bool:
        """Whether the task is in here or in an inner group."""
        return any(member is task for member in self)

    def get_child_by_label(self, label: str) -> Any:
        """The child with that id (without prefix)."""
        return self.children[self.child_id(label)]

    def get_task_group_dict(self) -> dict[str | None, TaskGroup]:
        """This group and all inner ones by id."""
        found: dict[str | None, TaskGroup] = {self.group_id: self}
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                found.update(child.get_task_group_dict())
        return found

    def topological_sort(self) -> list[Any]:
        """The children, each after those it depends on."""
        from airflow.sdk.definitions._internal.topology import sort_tasks

        order = {task.task_id: number for number, task in enumerate(sort_tasks(list(self)))}
        first = {
            key: min((order[t.task_id] for t in ([c] if not isinstance(c, TaskGroup) else c)), default=0)
            for key, c in self.children.items()
        }
        return sorted(self.children.values(), key=lambda child: first[child.node_id])

    # Edges.

    def get_roots(self) -> list[Any]:
        """Tasks that have no upstream task in the group."""
        ids = {task.task_id for task in self}
        return [task for task in self if not task.upstream_task_ids & ids]

    def get_leaves(self) -> list[Any]:
        """Tasks that have no downstream task in the group but teardown tasks, which do not count."""
        tasks = {task.task_id: task for task in self}

        def is_last(task: Any) -> bool:
            return all(tasks[t].is_teardown for t in task.downstream_task_ids if t in tasks)

        return [task for task in tasks.values() if not task.is_teardown and is_last(task)]

    @property
    def roots(self) -> list[Any]:
        """Same as :meth:`get_roots`."""
        return self.get_roots()

    @property
    def leaves(self) -> list[Any]:
        """Same as :meth:`get_leaves`."""
        return self.get_leaves()

    def set_upstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes before every root."""
        self._relate(other, upstream=True, edge_modifier=edge_modifier)

    def set_downstream(self, other: Any, edge_modifier: EdgeModifier | None = None) -> None:
        """Everything in ``other`` goes after every leaf."""
        self._relate(other, upstream=False, edge_modifier=edge_modifier)

    def _relate(self, other: Any, *, upstream: bool, edge_modifier: EdgeModifier | None) -> None:
        for item in flatten(other):
            if isinstance(item, EdgeModifier):
                item.update_relative(self, upstream=not upstream)
                continue
            self.update_relative(item, upstream=upstream)
            item.update_relative(self, upstream=not upstream)
            for task in self.get_roots() if upstream else self.get_leaves():
                if upstream:
                    task.set_upstream(item, edge_modifier=edge_modifier)
                else:
                    task.set_downstream(item, edge_modifier=edge_modifier)

    def update_relative(self, other: Any, upstream: bool = True, edge_modifier: EdgeModifier | None = None) -> None:
        """Told when ``other`` was connected on its own side."""
        if isinstance(other, TaskGroup):
            (self.upstream_group_ids if upstream else self.downstream_group_ids).add(other.group_id)
        else:
            ids = self.upstream_task_ids if upstream else self.downstream_task_ids
            nodes: Sequence[Any] = other.leaves if upstream else other.roots
            ids.update(node.task_id for node in nodes)

    def as_setup(self) -> Any:
        """Mark the tasks as setup."""
        raise ValueError("a task group can't be a setup task; mark the tasks in it")

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool = False) -> Any:
        """Mark the tasks as teardown, of ``setups`` if given."""
        raise ValueError("a task group can't be a teardown task; mark the tasks in it")

    def __enter__(self) -> TaskGroup:
        TaskGroupContext.push(self)
        return self

    def __exit__(self, *exc: Any) -> None:
        TaskGroupContext.pop()

    def __repr__(self) -> str:
        return f"<TaskGroup: {self.group_id}>"


def _has_suffix(text: str) -> bool:
    base, _, number = text.rpartition("__")
    return bool(base) and number.isdigit()


def _dag_id(dag: DAG | None) -> str | None:
    return dag.dag_id if dag is not None else None


class MappedTaskGroup(TaskGroup):
    """A task group that runs once for each combination of what it is mapped over: its tasks have as many instances,
    and an instance comes after those of the same place in the map."""

    is_mapped = True

    def __init__(self, *, expand_input: Any, **kwargs: Any) -> None:
        self.expand_input = expand_input
        super().__init__(**kwargs)

    def iter_mapped_dependencies(self) -> Iterator[Any]:
        """Operators whose values are mapped over."""
        result: Iterator[Any] = self.expand_input.iter_sources()
        return result

    def get_parse_time_mapped_ti_count(self) -> int | None:
        """Number of instances of a task in it, if the file alone says it."""
        from airflow.sdk.definitions._internal.expandinput import mapped_groups

        length = 1
        for group in [self, *mapped_groups(self)]:
            own = group.expand_input.parse_time_length()
            if own is None:
                return None
            length *= own
        return length

    def as_spec(self) -> dict[str, Any]:
        """What it maps over, for the scheduler."""
        result: dict[str, Any] = self.expand_input.as_spec()
        return result

    def __exit__(self, *exc: Any) -> None:
        for operator in self.expand_input.iter_references():
            self.set_upstream(operator)
        super().__exit__(*exc)


from airflow.sdk.definitions._internal.group_decorator import _TaskGroupFactory, task_group  # noqa: E402

__all__ = ["MappedTaskGroup", "TaskGroup", "_TaskGroupFactory", "task_group"]
